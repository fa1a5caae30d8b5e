/// The number of a level of a task, from 1.
public struct LevelNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number, from 1.
  public let value: Int

  /// The level with this number.
  public init(_ value: Int) { self.value = value }

  /// Ascending order.
  public static func < (a: Self, b: Self) -> Bool { a.value < b.value }

  /// The number in decimal digits.
  public var description: String { String(value) }
}

/// One level of a task: its number and the units it uses.
public struct Level: Hashable, Sendable {
  /// The level's number within its task, from 1.
  public let number: LevelNumber
  /// The units the level uses.
  public let units: UnitSet

  /// A level with this number and these units.
  public init(number: LevelNumber, units: UnitSet) {
    self.number = number
    self.units = units
  }
}
