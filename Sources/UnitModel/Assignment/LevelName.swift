internal import Tensors

/// The name that a level may have beside its number.
package enum LevelName {
  /// What a name may be, for errors.
  static let expected = "a name of up to 64 bytes that is no number"

  /// Whether a text can name a level: no number can, or `--level 2` could mean two levels.
  package static func isValid(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && Int(text) == nil
      && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
  }
}

extension TaskAssignment {
  /// The name of a level; nil where it has none.
  public func name(of level: LevelNumber) -> String? {
    levelNames.indices.contains(level.value - 1) ? levelNames[level.value - 1] : nil
  }

  /// The level that a text means, by number or by name; nil for a number or name that the task does not have.
  package func level(_ text: String) -> LevelNumber? {
    if let number = Int(text) { return units(of: LevelNumber(number)).map { _ in LevelNumber(number) } }
    return levelNames.firstIndex { $0.utf8.elementsEqual(text.utf8) }.map { LevelNumber($0 + 1) }
  }

  /// The same, with the error for a level that the task does not have: `PlanError.unknownLevel` or `.unknownLevelName`.
  package func knownLevel(_ text: String) throws(PlanError) -> LevelNumber {
    if let level = level(text) { return level }
    let place = "task \(task.quoted)"
    if let number = Int(text) { throw .unknownLevel(place: place, level: number, levels: levels.count) }
    throw .unknownLevelName(
      place: place, name: text, nearest: nearestName(to: text, among: levelNames), names: levelNames,
      levels: levels.count)
  }
}
