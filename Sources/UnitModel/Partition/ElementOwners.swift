public import Tensors

/// The assignment of a tensor's elements to units, one by one, by an owner map (PackNet).
///
/// With an owner map, a unit can have any set of elements; with cut channels, it has boxes of elements.
public struct ElementOwners: Hashable, Sendable {
  /// The owner map: a tensor of U8 with the same shape. It is 0 for a free element, and u + 1 for an element of unit u.
  public let map: TensorName
  /// The number of free elements, then the number of elements of each unit.
  public let elements: [Int]

  /// Owners as the plan gives them; `Partition` checks them against the tensors.
  public init(map: TensorName, elements: [Int]) {
    self.map = map
    self.elements = elements
  }

  /// The most units: an owner is one byte, and 0 means free.
  public static let unitLimit = 255

  /// The number of elements of a unit; nil means the free elements, which no task uses.
  public func count(of unit: UnitID?) -> Int {
    let place = unit.map { $0.index + 1 } ?? 0
    return elements.indices.contains(place) ? elements[place] : 0
  }

  /// The number of elements that the units of a set have together.
  public func count(in units: UnitSet) -> Int { units.ascending.reduce(0) { $0 + count(of: $1) } }

  /// The reason why a tensor cannot have these owners, as an expected and a found value; nil if it can.
  func disagreement(with spec: TensorSpec, unitCount: Int) -> (expected: String, found: String)? {
    guard spec.dtype.bytes != nil, spec.dtype != .f8E8M0 else {
      return ("a dtype of whole bytes that has a zero, for elements with owners", spec.dtype.rawValue)
    }
    guard unitCount <= Self.unitLimit else {
      return ("at most \(Self.unitLimit) units where elements have owners", "\(unitCount)")
    }
    guard elements.count == unitCount + 1 else {
      return ("\(unitCount + 1) numbers of elements: free ones, then each unit's", "\(elements.count)")
    }
    var sum = 0
    for count in elements {
      let (next, overflow) = sum.addingReportingOverflow(count)
      guard count >= 0, !overflow else { return ("numbers of elements that add up", "\(count)") }
      sum = next
    }
    return sum == spec.elementCount
      ? nil : ("numbers of elements that add up to the tensor's \(spec.elementCount)", "\(sum)")
  }
}
