internal import Tensors

/// The optional name of a level, in addition to its number.
package enum LevelName {
  /// The rule for names, as errors print it.
  static let expected = "a name of up to 64 bytes that is not a number"

  /// Whether a text can name a level: 1 to 64 bytes without control characters, and not a number, because `--level 2`
  /// would then have two meanings.
  package static func isValid(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && Int(text) == nil
      && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
  }
}

extension TaskAssignment {
  /// The name of a level; nil if it has none.
  public func name(of level: LevelNumber) -> String? {
    levelNames.indices.contains(level.value - 1) ? levelNames[level.value - 1] : nil
  }

  /// The level with this number or name; nil if the task has none.
  package func level(_ text: String) -> LevelNumber? {
    if let number = Int(text) { return units(of: LevelNumber(number)).map { _ in LevelNumber(number) } }
    return levelNames.firstIndex { $0.utf8.elementsEqual(text.utf8) }.map { LevelNumber($0 + 1) }
  }

  /// The level with this number or name; throws `PlanError.unknownLevel` or `.unknownLevelName` if the task has none.
  package func knownLevel(_ text: String) throws(PlanError) -> LevelNumber {
    if let level = level(text) { return level }
    let place = "task \(task.quoted)"
    if let number = Int(text) { throw .unknownLevel(place: place, level: number, levels: levels.count) }
    throw .unknownLevelName(
      place: place, name: text, nearest: nearestName(to: text, among: levelNames), names: levelNames,
      levels: levels.count)
  }
}
