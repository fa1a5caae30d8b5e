/// The names that patterns with one `{}` match. A wildcard matches any characters of a component, not only digits.
struct NumberPatterns {
  /// For each rest of a name, the components of all names at the place of the `{}`, sorted.
  private var components: [String: [Substring]] = [:]

  /// Collects from `names` the components that a pattern for the number of a member may match.
  init(of members: [String], in names: [String]) {
    for member in members {
      if let place = HalfCutGroup.number(in: member) { components[Self.split(member, at: place).rest] = [] }
    }
    if components.isEmpty { return }
    for name in names {
      // More components of a name would take time that grows with the square of its length.
      for component in name.split(whereSeparator: { $0 == "." || $0 == "/" }).prefix(16) {
        components[Self.split(name, at: component).rest]?.append(component)
      }
    }
    for rest in components.keys {
      components[rest]?.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
  }

  /// Whether the pattern for a name's number matches exactly `count` names.
  func match(_ name: String, _ count: Int) -> Bool {
    guard let number = HalfCutGroup.number(in: name) else { return false }
    let (rest, word) = Self.split(name, at: number)
    let sorted = components[rest] ?? []
    var (first, end) = (0, sorted.count)
    while first < end {
      let middle = (first + end) / 2
      if sorted[middle].utf8.lexicographicallyPrecedes(word.utf8) { first = middle + 1 } else { end = middle }
    }
    // `{}` matches at least one character.
    if first < sorted.count, sorted[first] == word { first += 1 }
    func begins(_ place: Int) -> Bool { place < sorted.count && sorted[place].utf8.starts(with: word.utf8) }
    return begins(first + count - 1) && !begins(first + count)
  }

  /// A name in which `{}` replaces everything from the start of the component with `place` to the end of `place`; and
  /// the characters of the component before `place`.
  private static func split(_ name: String, at place: Substring) -> (rest: String, word: Substring) {
    let start =
      name[..<place.startIndex].lastIndex { $0 == "." || $0 == "/" }.map(name.index(after:))
      ?? name.startIndex
    return (name[..<start] + "{}" + name[place.endIndex...], name[start..<place.startIndex])
  }
}
