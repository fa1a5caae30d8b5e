extension TOMLScanner {
  /// Reads a string that begins with `"`, on one line or on several.
  mutating func basicText() throws(TOMLError) -> String {
    bytes[position...].starts(with: Self.threeQuotes) ? try longString(isBasic: true) : try basicString()
  }

  /// Reads a string that begins with `'`, on one line or on several.
  mutating func literalText() throws(TOMLError) -> String {
    bytes[position...].starts(with: Self.threeApostrophes)
      ? try longString(isBasic: false) : try literalString()
  }

  private static let threeQuotes = Array("\"\"\"".utf8)
  private static let threeApostrophes = Array("'''".utf8)

  /// Reads `"…"` on one line.
  mutating func basicString() throws(TOMLError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text += try escape()
      case 0x0A: throw unexpected("'\"'")
      case 0..<0x20 where byte != 0x09, 0x7F: throw controlCharacter("'\"'")
      default:
        text.append(byte)
        position += 1
      }
    }
    throw unexpected("'\"'")
  }

  /// Reads `'…'` on one line, which has no escapes.
  mutating func literalString() throws(TOMLError) -> String {
    position += 1
    let start = position
    while let byte {
      switch byte {
      case UInt8(ascii: "'"):
        position += 1
        return String(decoding: bytes[start..<position - 1], as: UTF8.self)
      case 0x0A: throw unexpected("\"'\"")
      case 0..<0x20 where byte != 0x09, 0x7F: throw controlCharacter("\"'\"")
      default: position += 1
      }
    }
    throw unexpected("\"'\"")
  }

  /// The error for a control character in a string that ends with `quote`.
  private func controlCharacter(_ quote: String) -> TOMLError {
    isLineEnd ? unexpected(quote) : unexpected("no control character in a string")
  }

  /// Reads a string between three quotes or apostrophes. CR LF in it becomes LF, as tomllib reads it.
  private mutating func longString(isBasic: Bool) throws(TOMLError) -> String {
    let quote = bytes[position]
    let ending = isBasic ? "'\"\"\"'" : "\"'''\""
    position += 3
    if isLineEnd { skipLineEnd() }
    var text: [UInt8] = []
    while let byte {
      if isLineEnd {
        text.append(0x0A)
        skipLineEnd()
      } else if byte == quote {
        var count = 0
        while self.byte == quote, count < 5 {
          count += 1
          position += 1
        }
        // Up to two quotes before the three at the end belong to the text.
        text += [UInt8](repeating: quote, count: count >= 3 ? count - 3 : count)
        if count >= 3 { return String(decoding: text, as: UTF8.self) }
      } else if isBasic, byte == UInt8(ascii: "\\") {
        if try !skipLineContinuation() { text += try escape() }
      } else if byte < 0x20 && byte != 0x09 || byte == 0x7F {
        throw unexpected("no control character in a string")
      } else {
        text.append(byte)
        position += 1
      }
    }
    throw unexpected(ending)
  }

  /// Skips a backslash at the end of a line with all white space after it; false if the backslash begins an escape.
  private mutating func skipLineContinuation() throws(TOMLError) -> Bool {
    let start = position
    position += 1
    let isSpace = byte == 0x20 || byte == 0x09
    skipSpace()
    if byte == nil, isSpace { return true }
    guard isLineEnd else {
      if isSpace { throw unexpected("the end of the line after a backslash") }
      position = start
      return false
    }
    while isLineEnd || byte == 0x20 || byte == 0x09 {
      if isLineEnd { skipLineEnd() } else { position += 1 }
    }
    return true
  }

  /// Reads an escape as UTF-8. `position` is at its backslash before, and after the escape afterwards.
  private mutating func escape() throws(TOMLError) -> [UInt8] {
    let start = position
    position += 1
    let simple: UInt8
    switch byte {
    case UInt8(ascii: "b"): simple = 0x08
    case UInt8(ascii: "t"): simple = 0x09
    case UInt8(ascii: "n"): simple = 0x0A
    case UInt8(ascii: "f"): simple = 0x0C
    case UInt8(ascii: "r"): simple = 0x0D
    case UInt8(ascii: "\""): simple = 0x22
    case UInt8(ascii: "\\"): simple = 0x5C
    case UInt8(ascii: "u"): return try unicodeEscape(digits: 4, from: start)
    case UInt8(ascii: "U"): return try unicodeEscape(digits: 8, from: start)
    default: throw unexpected("one of b t n f r \" \\ u U after a backslash")
    }
    position += 1
    return [simple]
  }

  private mutating func unicodeEscape(digits: Int, from start: Int) throws(TOMLError) -> [UInt8] {
    position += 1
    var code: UInt32 = 0
    for _ in 0..<digits {
      guard let digit = byte.flatMap(Self.hexDigit) else { throw unexpected("\(digits) hexadecimal digits") }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    guard let scalar = Unicode.Scalar(code) else {
      throw .syntax(
        place(start), expected: "a Unicode character",
        found: "'\(String(decoding: bytes[start..<position], as: UTF8.self))'")
    }
    return UTF8.encode(scalar).map(Array.init) ?? []
  }

  static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
