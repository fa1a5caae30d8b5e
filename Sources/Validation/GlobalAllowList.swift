internal import UnitModel

/// The globals to which pickles may refer, from a file. Each line has one `module.name`, where `*` matches any text;
/// `#` begins a comment.
package struct GlobalAllowList: Sendable {
  private var names: Set<String> = []
  private var patterns: [NamePattern] = []

  /// A list that allows nothing.
  package init() {}

  /// Reads a list; throws for a line that is neither a name nor a pattern.
  package init(_ text: String, path: String) throws(AllowListError) {
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let content = line.prefix { $0 != "#" }.trimmed
      if content.isEmpty { continue }
      guard !content.contains(where: \.isWhitespace), content.contains("."),
        let pattern = NamePattern(String(content))
      else {
        throw AllowListError(path: path, line: number + 1, found: String(content.prefix(80)))
      }
      if pattern.isLiteral { names.insert(pattern.text) } else { patterns.append(pattern) }
    }
  }

  /// A list of names and patterns; nil if one of them is neither.
  package init?(names: [String]) {
    for name in names {
      guard !name.contains(where: \.isWhitespace), name.contains("."), let pattern = NamePattern(name) else {
        return nil
      }
      if pattern.isLiteral { self.names.insert(name) } else { patterns.append(pattern) }
    }
  }

  /// Adds the names of another list.
  package mutating func add(_ other: GlobalAllowList) {
    names.formUnion(other.names)
    patterns += other.patterns
  }

  /// Whether the list allows `global`. A name that can run code must be in the list in full.
  package func allows(_ global: String, canRunCode: Bool) -> Bool {
    names.contains(global) || !canRunCode && patterns.contains { $0.match(global) != nil }
  }
}

/// A line of a list of globals is invalid.
package struct AllowListError: Error, CustomStringConvertible {
  package let path: String
  package let line: Int
  package let found: String

  package var description: String {
    "\(path): line \(line): expected module.name, found '\(found.debugDescription.dropFirst().dropLast())'"
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var rest = drop(while: \.isWhitespace)
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return rest
  }
}
