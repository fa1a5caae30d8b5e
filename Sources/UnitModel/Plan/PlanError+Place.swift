extension PlanError {
  /// The same error with another place: one in the document or command line from which the plan was made.
  package func placed(by rename: (String) -> String) -> PlanError {
    switch self {
    case .unknownKey(let place, let key, let nearest):
      .unknownKey(place: rename(place), key: key, nearest: nearest)
    case .missingKey(let place, let key): .missingKey(place: rename(place), key: key)
    case .wrongType(let place, let expected, let found):
      .wrongType(place: rename(place), expected: expected, found: found)
    case .outOfRange(let place, let expected, let found):
      .outOfRange(place: rename(place), expected: expected, found: found)
    case .badPattern(let place, let pattern, let expected):
      .badPattern(place: rename(place), pattern: pattern, expected: expected)
    case .keysExclude(let place, let first, let second):
      .keysExclude(place: rename(place), first: first, second: second)
    case .nameTwice(let place, let name): .nameTwice(place: rename(place), name: name)
    case .unknownAxis(let place, let name, let nearest):
      .unknownAxis(place: rename(place), name: name, nearest: nearest)
    case .matchesNothing(let place, let pattern, let nearest):
      .matchesNothing(place: rename(place), pattern: pattern, nearest: nearest)
    case .matchesPartly(let place, let pattern, let nearest, let unmatched, let entries):
      .matchesPartly(
        place: rename(place), pattern: pattern, nearest: nearest, unmatched: unmatched, entries: entries)
    case .tooMuchWork(let place, let limit): .tooMuchWork(place: rename(place), limit: limit)
    case .captureMissing(let place, let name, let captures):
      .captureMissing(place: rename(place), name: name, captures: captures)
    case .unknownRule(let place, let rule, let nearest):
      .unknownRule(place: rename(place), rule: rule, nearest: nearest)
    case .unitOutOfRange(let place, let unit, let unitCount):
      .unitOutOfRange(place: rename(place), unit: unit, unitCount: unitCount)
    case .unitTwice(let place, let unit): .unitTwice(place: rename(place), unit: unit)
    case .levelTooLarge(let place, let count, let order):
      .levelTooLarge(place: rename(place), count: count, order: order)
    case .levelsDisagree(let place, let expected, let found):
      .levelsDisagree(place: rename(place), expected: expected, found: found)
    case .unknownLevel(let place, let level, let levels):
      .unknownLevel(place: rename(place), level: level, levels: levels)
    // These errors name a tensor, an axis or a task, so their place does not depend on the source of the plan.
    case .json, .wrongFormat, .unitCountDisagrees, .sizesDisagree, .channelOutOfRange, .channelTwice,
      .channelMissing, .granuleDivided, .sizeUnknown, .unusedAxis, .matchesNoTensor, .rankDisagrees,
      .sizeDisagrees, .byteDivided, .cutTooFine, .specDisagrees, .tiedApart, .compactUnscoped, .compactMoved,
      .aliasTaken,
      .tooFewUnits, .unknownTask, .unknownLevelName, .tooManyNetworks, .badBudget, .nothingFits:
      self
    }
  }
}

extension PlanNote {
  /// The same note with another place.
  package func placed(by rename: (String) -> String) -> PlanNote {
    guard case .entryShadowed(let place, let pattern) = self else { return self }
    return .entryShadowed(place: rename(place), pattern: pattern)
  }
}

/// The number between the brackets of `word[7]…`; nil for another place.
package func placeIndex(_ place: String, of word: String) -> Int? {
  guard place.hasPrefix(word + "[") else { return nil }
  return Int(place.dropFirst(word.count + 1).prefix { $0 != "]" })
}
