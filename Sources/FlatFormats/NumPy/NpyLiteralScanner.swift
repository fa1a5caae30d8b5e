/// The kinds of Python literals in an npy header, as far as numeric arrays need them.
enum NpyLiteral: Equatable {
  case text(String)
  case bool(Bool)
  case tuple([Int])
  /// A list or a nested tuple: the fields of a structured dtype.
  case fields
  /// Any other literal, with words that describe it.
  case other(String)
}

/// Reads the Python dictionary of an npy header once, from front to back, without recursion.
struct NpyLiteralScanner {
  let bytes: [UInt8]
  let path: String
  /// The array's name in messages: "header", or the member of an npz.
  let place: String
  private(set) var position = 0

  init(bytes: [UInt8], path: String, place: String) {
    self.bytes = bytes
    self.path = path
    self.place = place
  }

  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  func refusal(_ rule: FlatFormatRule, _ expected: String, _ found: String) -> FlatFormatError {
    .refused(
      rule, path: path, place: "\(place), byte \(position) of the dictionary", expected: expected,
      found: found)
  }

  var nextInWords: String {
    guard let next else { return "the header's end" }
    return next > 0x20 && next < 0x7F
      ? "'\(Character(Unicode.Scalar(next)))'" : "byte 0x" + String(next, radix: 16)
  }

  /// Skips white space and comments.
  mutating func skipSpace() {
    while let byte = next {
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0C, 0x0D: position += 1
      case UInt8(ascii: "#"): while let inside = next, inside != 0x0A { _ = inside; position += 1 }
      default: return
      }
    }
  }

  /// If `byte` is next, consumes it and the white space after it; else returns false.
  mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    skipSpace()
    return true
  }

  mutating func expect(_ byte: UInt8, _ what: String) throws(FlatFormatError) {
    guard take(byte) else { throw refusal(.npySyntax, what, nextInWords) }
  }

  /// A string in single or double quotes, without escapes; the dtype of a tensor needs no escapes.
  mutating func text(_ what: String) throws(FlatFormatError) -> String {
    guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw refusal(.npySyntax, what + " in quotes", nextInWords)
    }
    position += 1
    let start = position
    while let byte = next, byte != quote {
      if byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\\") {
        throw refusal(.npySyntax, "plain ASCII without escapes", nextInWords)
      }
      position += 1
    }
    guard next == quote else { throw refusal(.npySyntax, "a closing quote", nextInWords) }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    position += 1
    skipSpace()
    return text
  }

  /// Reads the value of a key.
  mutating func value() throws(FlatFormatError) -> NpyLiteral {
    switch next {
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return .text(try text("a value"))
    case UInt8(ascii: "("): return try tuple()
    case UInt8(ascii: "["): return .fields
    default: break
    }
    if takeWord("True") { return .bool(true) }
    if takeWord("False") { return .bool(false) }
    return .other(nextInWords)
  }

  private mutating func takeWord(_ word: String) -> Bool {
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    skipSpace()
    return true
  }

  private mutating func tuple() throws(FlatFormatError) -> NpyLiteral {
    try expect(UInt8(ascii: "("), "'('")
    var extents: [Int] = []
    var hasComma = false
    while !take(UInt8(ascii: ")")) {
      if next == UInt8(ascii: "(") || next == UInt8(ascii: "[") || next == UInt8(ascii: "'") {
        return .fields
      }
      if !extents.isEmpty && !hasComma { throw refusal(.npyShape, "',' or ')' after an extent", nextInWords) }
      extents.append(try integer())
      hasComma = take(UInt8(ascii: ","))
    }
    // In Python, `(3)` is a number in parentheses.
    if extents.count == 1 && !hasComma { return .other("a number without the comma that makes a tuple") }
    return .tuple(extents)
  }

  /// A decimal or hexadecimal integer without a sign. Python 2 wrote an `L` after long integers.
  private mutating func integer() throws(FlatFormatError) -> Int {
    let start = position
    let isHex = bytes[position...].starts(with: "0x".utf8) || bytes[position...].starts(with: "0X".utf8)
    if isHex { position += 2 }
    let radix = isHex ? 16 : 10
    var digits = 0
    var value = 0
    while let byte = next, let digit = Self.digit(byte), digit < radix {
      let (scaled, overflow) = value.multipliedReportingOverflow(by: radix)
      let (sum, overflowToo) = scaled.addingReportingOverflow(digit)
      if overflow || overflowToo { throw refusal(.npyShape, "an extent below 2^63", "a larger number") }
      value = sum
      digits += 1
      position += 1
    }
    if digits == 0 { throw refusal(.npyShape, "an extent, an integer of 0 or more", nextInWords) }
    if !isHex, digits > 1, bytes[start] == UInt8(ascii: "0"), value != 0 {
      throw refusal(.npyShape, "an integer", "a leading zero")
    }
    if next == UInt8(ascii: "L") { position += 1 }
    skipSpace()
    return value
  }

  private static func digit(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
    default: nil
    }
  }
}
