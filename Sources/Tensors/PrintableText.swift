/// Text from files, made safe to print; names, titles and paths may contain any characters.
///
/// A terminal obeys control characters, and changes the order of text after bidirectional ones. A CI runner obeys lines
/// that begin with `::`, and `##[…]` or `##vso[…]` anywhere in a line.
public enum PrintableText {
  /// The form of the escape for a scalar that must not be printed.
  public enum Syntax: Sendable {
    /// Plain text and Markdown: `\u{7}`.
    case text
    /// Text in which lines that begin with `::` are our own commands.
    case commands
    /// JSON, in whose strings `\u0007` is the same character.
    case json
    /// XML: `&#x7;`.
    case xml

    func spelled(_ scalar: Unicode.Scalar) -> String {
      switch self {
      case .text, .commands:
        // `SystemPath` uses these scalars for bytes of a path that are not UTF-8.
        return (0x10F780...0x10F7FF).contains(scalar.value)
          ? "\\x" + String(scalar.value & 0xFF, radix: 16) : "\\u{" + String(scalar.value, radix: 16) + "}"
      case .json:
        return UTF16.encode(scalar).map { $0.map(Self.fourDigits).joined() } ?? ""
      case .xml: return "&#x" + String(scalar.value, radix: 16) + ";"
      }
    }

    private static func fourDigits(_ unit: UInt16) -> String {
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }
  }

  /// Whether a scalar moves the cursor, changes the order of text, has no visible form, or ends a line.
  public static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse: return true
    default: return scalar.properties.isDefaultIgnorableCodePoint
    }
  }

  /// The text on one line: every hidden scalar is escaped, also ends of lines.
  public static func line(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isHidden) else { return text }
    return text.unicodeScalars.reduce(into: "") { line, scalar in
      if isHidden(scalar) { line += Syntax.text.spelled(scalar) } else { line.unicodeScalars.append(scalar) }
    }
  }

  /// The lines of a text. Other hidden scalars, and everything that a CI runner obeys, are escaped.
  public static func page(_ text: String, as syntax: Syntax) -> String {
    var text = text
    let isPlain = text.withUTF8 { bytes in
      var previous: UInt8 = 0x0A
      return bytes.allSatisfy { byte in
        defer { previous = byte }
        return byte == 0x0A
          || byte >= 0x20 && byte < 0x7F && !(byte == previous && (byte == 0x3A || byte == 0x23))
      }
    }
    if isPlain { return text }
    var page = ""
    page.reserveCapacity(text.utf8.count)
    var isStart = true
    let scalars = text.unicodeScalars
    for place in scalars.indices {
      let scalar = scalars[place]
      let isObeyed =
        scalar == "#" && beginsCommand(scalars[place...])
        || scalar == ":" && isStart && syntax != .commands
          && scalars[place...].starts(with: "::".unicodeScalars)
      if scalar != "\n", isObeyed || isHidden(scalar) {
        page += syntax.spelled(scalar)
      } else {
        page.unicodeScalars.append(scalar)
      }
      // Runners ignore white space before a command.
      isStart = scalar == "\n" || isStart && scalar.properties.isWhitespace
    }
    return page
  }

  /// Whether the text begins with a command such as `##[` or `##vso[`.
  private static func beginsCommand(_ text: Substring.UnicodeScalarView) -> Bool {
    guard text.starts(with: "##".unicodeScalars) else { return false }
    return text.dropFirst(2).first { !($0.isASCII && ($0.properties.isAlphabetic || $0 == "." || $0 == "-")) }
      == "["
  }
}
