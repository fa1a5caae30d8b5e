/// A name with wildcards: `{}` for characters of one component, `*` for anything.
///
/// Components are separated by `.` and `/`. `{}` matches one or more characters, and `*` none or more. If a name
/// matches in several ways, each wildcard, from left to right, matches as few characters as possible.
public struct NamePattern: Hashable, Sendable, CustomStringConvertible {
  /// The pattern's text, as in the document or option.
  public let text: String
  let tokens: [Token]

  enum Token: Hashable {
    case literal([UInt8])
    case component
    case anything
  }

  /// The texts that the wildcards of a pattern matched, in order.
  public struct Captures: Hashable, Sendable {
    /// The text of each `{}`.
    public var components: [String] = []
    /// The text of each `*`.
    public var stars: [String] = []
  }

  /// The most wildcards of a pattern: a word has one bit for each of its tokens.
  public static let wildcardLimit = 16
  /// The most bytes of a pattern, and of a name that a pattern with wildcards can match.
  public static let lengthLimit = 1 << 14

  /// Parses a pattern; nil if it has more than 16 wildcards or more than 16 KiB.
  public init?(_ text: String) {
    var tokens: [Token] = []
    var literal: [UInt8] = []
    let bytes = Array(text.utf8)
    if bytes.count > NamePattern.lengthLimit { return nil }
    func close() {
      if !literal.isEmpty { tokens.append(.literal(literal)) }
      literal = []
    }
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "*") {
        close()
        // Two stars in a row match the same texts as one.
        if tokens.last != .anything { tokens.append(.anything) }
      } else if bytes[index] == UInt8(ascii: "{"), index + 1 < bytes.count,
        bytes[index + 1] == UInt8(ascii: "}")
      {
        close()
        tokens.append(.component)
        index += 1
      } else {
        literal.append(bytes[index])
      }
      index += 1
    }
    close()
    self.text = text
    self.tokens = tokens
    if componentCount + starCount > NamePattern.wildcardLimit { return nil }
  }

  /// The number of `{}` in the pattern.
  public var componentCount: Int { tokens.count { $0 == .component } }

  /// The number of `*` in the pattern; neighbours count as one.
  public var starCount: Int { tokens.count { $0 == .anything } }

  /// Whether the pattern has no wildcards, so that it matches only one name.
  public var isLiteral: Bool { tokens.allSatisfy { if case .literal = $0 { true } else { false } } }

  /// Whether two patterns have the same text, byte for byte.
  public static func == (a: Self, b: Self) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

  /// Hashes the tokens, which are equal for equal texts.
  public func hash(into hasher: inout Hasher) { hasher.combine(tokens) }

  /// The same as `text`.
  public var description: String { text }

  /// The texts that the wildcards match in a name; nil if the pattern does not match.
  public func match(_ name: String) -> Captures? {
    var work = 0
    return Array(name.utf8).withUnsafeBufferPointer { match($0, work: &work) }
  }

  /// The pattern's text with its wildcards replaced, in order; nil if there are too few captures.
  public func filled(with captures: Captures) -> String? {
    var components = captures.components[...]
    var stars = captures.stars[...]
    var text = ""
    for token in tokens {
      switch token {
      case .literal(let bytes): text += String(decoding: bytes, as: UTF8.self)
      case .component:
        guard let next = components.popFirst() else { return nil }
        text += next
      case .anything:
        guard let next = stars.popFirst() else { return nil }
        text += next
      }
    }
    return text
  }
}
