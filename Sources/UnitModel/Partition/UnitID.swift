/// One of the k units of a network, counted from 0.
public struct UnitID: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The unit's number, from 0.
  public let index: Int

  /// The unit with this number.
  public init(_ index: Int) { self.index = index }

  /// Ascending order.
  public static func < (a: Self, b: Self) -> Bool { a.index < b.index }

  /// As an error or a table shows it.
  public var description: String { String(index) }
}
