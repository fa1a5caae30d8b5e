/// One of the k units of a network, counted from 0.
public struct UnitID: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The unit's number, from 0 to k − 1.
  public let index: Int

  /// The unit with this number, which is not checked against k.
  public init(_ index: Int) { self.index = index }

  /// Orders units by number.
  public static func < (a: Self, b: Self) -> Bool { a.index < b.index }

  /// The number in decimal digits.
  public var description: String { String(index) }
}
