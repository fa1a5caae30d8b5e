internal import ByteFiles

/// A pattern of file paths: `*` and `?` within a component, `**` for any number of components.
///
/// `*` matches none or more characters, `?` exactly one, and neither matches `/`. `**` is a component of its own and
/// matches none or more of them: `models/**/*.pt` matches `models/a.pt` and `models/x/y/a.pt`. Every other character
/// matches itself, also `[` and `{`.
package struct PathPattern: Hashable, Sendable {
  /// The pattern as the document has it.
  package let text: String
  private let components: [[Unicode.Scalar]]

  /// The most bytes of a pattern.
  private static let lengthLimit = 4096
  /// What a pattern must be, as errors print it.
  package static let expected =
    "a pattern of paths relative to the document's folder, such as models/*.h5 or **/*.safetensors"

  /// Parses a pattern; nil if it is empty or absolute, has an empty component, `.` or `..`, or has `**` beside other
  /// characters.
  package init?(_ text: String) {
    self.text = text
    let parts = SystemPath.components(text)
    components = parts.map { Array($0.unicodeScalars) }
    if text.utf8.count > Self.lengthLimit { return nil }
    for part in parts {
      if part.isEmpty || part == ".." || part == "." && parts.count > 1 { return nil }
      if part.contains("**"), part != "**" { return nil }
    }
  }

  /// Whether the pattern matches a whole path, which has no `.` and no empty component; the document's own folder is ".".
  package func matches(_ path: String) -> Bool {
    let parts = SystemPath.components(path).map { Array($0.unicodeScalars) }
    return Self.matches(components, parts, isAny: { $0 == ["*", "*"] }) { pattern, part in
      Self.matches(pattern, part, isAny: { $0 == "*" }) { $0 == "?" || $0 == $1 }
    }
  }

  /// Matches elements one by one; an element of the pattern that `isAny` matches any number of them.
  ///
  /// If the rest does not match, only the last wildcard takes one more element: the text before it has been matched as
  /// early as possible, so an earlier wildcard cannot help. The time is the product of both lengths at most.
  private static func matches<Pattern, Element>(
    _ pattern: [Pattern], _ elements: [Element], isAny: (Pattern) -> Bool, _ isOne: (Pattern, Element) -> Bool
  ) -> Bool {
    var (place, next) = (0, 0)
    var last: (place: Int, next: Int)?
    while next < elements.count {
      if place < pattern.count, isAny(pattern[place]) {
        last = (place, next)
        place += 1
      } else if place < pattern.count, isOne(pattern[place], elements[next]) {
        place += 1
        next += 1
      } else if let wildcard = last {
        last = (wildcard.place, wildcard.next + 1)
        (place, next) = (wildcard.place + 1, wildcard.next + 1)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy(isAny)
  }
}
