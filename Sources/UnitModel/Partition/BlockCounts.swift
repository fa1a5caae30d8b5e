/// Numbers of elements, by the class of their blocks.
public struct BlockCounts: Hashable, Sendable {
  /// The number of elements without a unit.
  public var common = 0
  /// The number of elements with one unit.
  public var intra = 0
  /// The number of elements that connect units.
  public var interconnection = 0
  /// The number of elements of private tensors.
  public var `private` = 0

  /// Counts of zero.
  public init() {}

  /// The sum over the classes; `Int.max` if it overflows, as it can for shapes without data.
  public var total: Int { [common, intra, interconnection, `private`].reduce(0, saturatingSum) }

  /// Adds the counts of another set of elements.
  public static func += (counts: inout Self, other: Self) {
    counts.common = saturatingSum(counts.common, other.common)
    counts.intra = saturatingSum(counts.intra, other.intra)
    counts.interconnection = saturatingSum(counts.interconnection, other.interconnection)
    counts.private = saturatingSum(counts.private, other.private)
  }

  mutating func add(_ elements: Int, units: Int, isPrivate: Bool) {
    var one = BlockCounts()
    switch BlockClass(unitCount: units, isPrivate: isPrivate) {
    case .common: one.common = elements
    case .intra: one.intra = elements
    case .interconnection: one.interconnection = elements
    case .private: one.private = elements
    }
    self += one
  }
}

/// A single tensor's count fits 63 bits; the sum for a file of shapes without data may not.
private func saturatingSum(_ a: Int, _ b: Int) -> Int {
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? Int.max : sum
}
