public import Tensors

/// The elements of a tensor, each assigned to a unit by an owner map (PackNet).
///
/// A unit can have any set of elements here; where channels are cut, it has boxes of elements.
public struct ElementOwners: Hashable, Sendable {
  /// The owner map: a tensor of U8 with the same shape that has 0 for a free element and u + 1 for one of unit u.
  public let map: TensorName
  /// How many elements are free, then how many each unit has.
  public let elements: [Int]

  /// Owners as a plan gives them; `Partition` checks them against the tensors.
  public init(map: TensorName, elements: [Int]) {
    self.map = map
    self.elements = elements
  }

  /// The most units: an owner is a byte, and 0 is free.
  public static let unitLimit = 255

  /// How many elements a unit has; nil means the free ones, which no task uses.
  public func count(of unit: UnitID?) -> Int {
    let place = unit.map { $0.index + 1 } ?? 0
    return elements.indices.contains(place) ? elements[place] : 0
  }

  /// How many elements the units of a set have.
  public func count(in units: UnitSet) -> Int { units.ascending.reduce(0) { $0 + count(of: $1) } }

  /// The reason why a tensor cannot have these owners, as expected and found; nil if it can.
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
