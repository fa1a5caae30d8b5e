/// The number of a level; each task numbers its levels from 1.
public struct LevelNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number, at least 1 for a level that exists.
  public let value: Int

  /// A number that is not checked against a task.
  public init(_ value: Int) { self.value = value }

  /// Orders levels by number.
  public static func < (a: Self, b: Self) -> Bool { a.value < b.value }

  /// The number in decimal digits, without a sign.
  public var description: String { String(value) }
}

/// One level of a task: its number and its units.
public struct Level: Hashable, Sendable {
  /// The number within the task; `levels[0]` of a task is level 1.
  public let number: LevelNumber
  /// The units of the level; a higher level need not contain them.
  public let units: UnitSet

  /// A level of some task; the units are not checked against it.
  public init(number: LevelNumber, units: UnitSet) {
    self.number = number
    self.units = units
  }
}
