/// A name with wildcards: `{}` for characters of one name component, `*` for anything.
///
/// Components are split on `.` and `/`. `{}` takes one or more characters, `*` none or more; where a name can be
/// matched in several ways, each wildcard from left to right takes as few as it can.
public struct NamePattern: Hashable, Sendable, CustomStringConvertible {
  /// The pattern as it is written.
  public let text: String
  private let tokens: [Token]

  private enum Token: Hashable {
    case literal([UInt8])
    case component
    case anything
  }

  /// What the wildcards of a pattern took, in order.
  public struct Captures: Hashable, Sendable {
    /// What each `{}` took.
    public var components: [String] = []
    /// What each `*` took.
    public var stars: [String] = []
  }

  /// The most wildcards a pattern may have, and the most bytes it and the names it is tried on may have: matching
  /// costs their product.
  public static let wildcardLimit = 16
  /// The most bytes of a pattern, and of a name that a pattern with wildcards can match.
  public static let lengthLimit = 1 << 14

  /// A pattern; nil when it has more than 16 wildcards or 16 KiB.
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
        // Two stars take no more than one.
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

  /// How many `{}` the pattern has.
  public var componentCount: Int { tokens.count { $0 == .component } }

  /// How many `*` the pattern has, neighbours counted once.
  public var starCount: Int { tokens.count { $0 == .anything } }

  /// Whether the pattern matches one name only.
  public var isLiteral: Bool { tokens.allSatisfy { if case .literal = $0 { true } else { false } } }

  /// Whether two values are the same, texts byte for byte.
  public static func == (a: Self, b: Self) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

  /// Feeds what `==` compares.
  public func hash(into hasher: inout Hasher) { hasher.combine(tokens) }

  /// As an error or a table shows it.
  public var description: String { text }

  /// What the wildcards take when the pattern matches a name; nil when it does not.
  public func match(_ name: String) -> Captures? { match(Array(name.utf8)[...]) }

  /// The pattern's text with its wildcards replaced in order; nil when there are too few captures.
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

  func match(_ name: ArraySlice<UInt8>) -> Captures? {
    // Most names fail on the first or the last literal; that costs no table.
    if case .literal(let bytes) = tokens.first, !name.starts(with: bytes) { return nil }
    if case .literal(let bytes) = tokens.last, !name.suffix(bytes.count).elementsEqual(bytes) { return nil }
    if isLiteral { return name.count == (tokens.isEmpty ? 0 : text.utf8.count) ? Captures() : nil }
    if name.count > NamePattern.lengthLimit { return nil }
    return name.withUnsafeBufferPointer { matchWithTable($0) }
  }

  /// `reach[t][p]`: the tokens from t on match the bytes from p on. Filled from the end, then walked from the start.
  private func matchWithTable(_ name: UnsafeBufferPointer<UInt8>) -> Captures? {
    let columns = name.count + 1
    var reach = [Bool](repeating: false, count: (tokens.count + 1) * columns)
    reach[tokens.count * columns + name.count] = true
    for (index, token) in tokens.enumerated().reversed() {
      let here = index * columns
      let next = here + columns
      var open = false
      for position in stride(from: name.count, through: 0, by: -1) {
        switch token {
        case .literal(let bytes):
          reach[here + position] =
            position + bytes.count <= name.count && reach[next + position + bytes.count]
            && name[position..<(position + bytes.count)].elementsEqual(bytes)
        case .anything:
          open = open || (isBoundary(position, name) && reach[next + position])
          reach[here + position] = open
        case .component:
          let continues = position < name.count && !isSeparator(name[position])
          reach[here + position] = continues && open
          open = (continues && open) || (isBoundary(position, name) && reach[next + position])
        }
      }
    }
    guard reach[0] else { return nil }
    var captures = Captures()
    var position = 0
    for (index, token) in tokens.enumerated() {
      let start = position
      switch token {
      case .literal(let bytes):
        position += bytes.count
        continue
      case .component: position += 1
      case .anything: break
      }
      while position < name.count, !(isBoundary(position, name) && reach[(index + 1) * columns + position]) {
        position += 1
      }
      let taken = String(decoding: name[start..<position], as: UTF8.self)
      if token == .component { captures.components.append(taken) } else { captures.stars.append(taken) }
    }
    return captures
  }

  private func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/") }

  /// Whether a character begins here: a wildcard never takes half of one.
  private func isBoundary(_ position: Int, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
    position == name.count || name[position] & 0xC0 != 0x80
  }
}
