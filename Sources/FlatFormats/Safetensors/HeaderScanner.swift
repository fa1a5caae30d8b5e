/// Reads the few JSON constructs of a safetensors header, once, from front to back.
///
/// Only the requested strings and numbers are built, nothing recurses, and every access is bounded by `bytes`.
struct HeaderScanner {
  let bytes: UnsafeBufferPointer<UInt8>
  let path: String
  /// The position of `bytes` in the file, for messages.
  let origin: Int
  private(set) var position = 0
  private var scratch: [UInt8] = []

  init(bytes: UnsafeBufferPointer<UInt8>, path: String, origin: Int) {
    self.bytes = bytes
    self.path = path
    self.origin = origin
  }

  /// The next byte, not consumed; nil at the end.
  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  func refusal(
    _ rule: FlatFormatRule, _ expected: String, found: String, at place: Int? = nil
  ) -> FlatFormatError {
    .refused(
      rule, path: path, place: "header, byte \(origin + (place ?? position))", expected: expected,
      found: found)
  }

  /// The next byte as a message shows it.
  var nextInWords: String {
    guard let next else { return "the header's end" }
    if next > 0x20 && next < 0x7F { return "'\(Character(Unicode.Scalar(next)))'" }
    return "byte 0x" + String(next, radix: 16)
  }

  /// Consumes the byte that `next` returned.
  mutating func step() { position += 1 }

  /// Skips JSON's insignificant white space.
  mutating func skipSpace() {
    while position < bytes.count {
      let byte = bytes[position]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      position += 1
    }
  }

  /// Consumes `byte`, with white space before and after it.
  mutating func expect(_ byte: UInt8, _ what: @autoclosure () -> String) throws(FlatFormatError) {
    skipSpace()
    guard next == byte else { throw refusal(.safetensorsSyntax, what(), found: nextInWords) }
    position += 1
    skipSpace()
  }

  /// Consumes `byte`, with the white space after it, if it is next; false otherwise.
  mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    skipSpace()
    return true
  }

  /// An integer below 2⁶³ without sign, leading zeros, fraction or exponent.
  mutating func integer(_ what: String) throws(FlatFormatError) -> Int {
    let start = position
    var value = 0
    while let byte = next, byte >= 0x30, byte <= 0x39 {
      let (tens, overflowed) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowedToo) = tens.addingReportingOverflow(Int(byte - 0x30))
      if overflowed || overflowedToo {
        throw refusal(.safetensorsInteger, "\(what) below 2^63", found: "a larger number", at: start)
      }
      value = sum
      position += 1
    }
    let digits = position - start
    let leadingZero = digits > 1 && bytes[start] == 0x30
    let goesOn = next.map { $0 == 0x2E || $0 == 0x65 || $0 == 0x45 } ?? false
    if digits == 0 || leadingZero || goesOn {
      let found = digits == 0 ? nextInWords : leadingZero ? "a leading zero" : "a fraction or exponent"
      throw refusal(.safetensorsInteger, "\(what), a plain integer", found: found, at: start)
    }
    return value
  }

  /// A string without escapes; its bytes are checked to be UTF-8.
  mutating func string(_ what: String) throws(FlatFormatError) -> String {
    guard next == 0x22 else {
      throw refusal(.safetensorsSyntax, what + ", a string in double quotes", found: nextInWords)
    }
    position += 1
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == 0x22 {
        let text = try validated(UnsafeBufferPointer(rebasing: bytes[start..<position]), at: start)
        position += 1
        return text
      }
      if byte == 0x5C { return try escapedString(from: start) }
      if byte < 0x20 { throw rawControl() }
      position += 1
    }
    throw unfinished(start)
  }

  /// The slow case of `string`: `position` is at the first backslash.
  private mutating func escapedString(from start: Int) throws(FlatFormatError) -> String {
    scratch.removeAll(keepingCapacity: true)
    scratch.append(contentsOf: bytes[start..<position])
    while let byte = next {
      switch byte {
      case 0x22:
        position += 1
        guard let text = String(validating: scratch, as: UTF8.self) else { throw notUTF8(start) }
        return text
      case 0x5C: try escape()
      case ..<0x20: throw rawControl()
      default:
        scratch.append(byte)
        position += 1
      }
    }
    throw unfinished(start)
  }

  /// Appends one escape to `scratch` as UTF-8.
  private mutating func escape() throws(FlatFormatError) {
    let start = position
    position += 1
    guard let letter = next else { throw unfinished(start) }
    position += 1
    switch letter {
    case 0x22, 0x5C, 0x2F: scratch.append(letter)
    case UInt8(ascii: "b"): scratch.append(0x08)
    case UInt8(ascii: "f"): scratch.append(0x0C)
    case UInt8(ascii: "n"): scratch.append(0x0A)
    case UInt8(ascii: "r"): scratch.append(0x0D)
    case UInt8(ascii: "t"): scratch.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexDigits(start)
      if code >= 0xD800, code < 0xDC00, next == 0x5C, position + 1 < bytes.count, bytes[position + 1] == 0x75
      {
        position += 2
        let low = try hexDigits(start)
        guard low >= 0xDC00, low < 0xE000 else { throw loneSurrogate(start) }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw loneSurrogate(start) }
      scratch.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default:
      throw refusal(
        .safetensorsText, "an escape of JSON", found: "another letter after a backslash", at: start)
    }
  }

  private mutating func hexDigits(_ start: Int) throws(FlatFormatError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      let digit: UInt32
      switch next {
      case .some(let byte) where byte >= 0x30 && byte <= 0x39: digit = UInt32(byte - 0x30)
      case .some(let byte) where byte >= 0x41 && byte <= 0x46: digit = UInt32(byte - 0x41 + 10)
      case .some(let byte) where byte >= 0x61 && byte <= 0x66: digit = UInt32(byte - 0x61 + 10)
      default:
        throw refusal(.safetensorsText, "four hexadecimal digits after \\u", found: nextInWords, at: start)
      }
      code = code << 4 | digit
      position += 1
    }
    return code
  }

  private func validated(_ slice: UnsafeBufferPointer<UInt8>, at start: Int) throws(FlatFormatError) -> String
  {
    guard let text = String(validating: slice, as: UTF8.self) else { throw notUTF8(start) }
    return text
  }

  private func notUTF8(_ start: Int) -> FlatFormatError {
    refusal(.safetensorsText, "UTF-8", found: "bytes that are not", at: start)
  }

  private func rawControl() -> FlatFormatError {
    refusal(.safetensorsText, "control characters as escapes", found: nextInWords)
  }

  private func loneSurrogate(_ start: Int) -> FlatFormatError {
    refusal(.safetensorsText, "surrogates in pairs", found: "one alone", at: start)
  }

  private func unfinished(_ start: Int) -> FlatFormatError {
    refusal(.safetensorsSyntax, "the string's closing quote", found: "the header's end", at: start)
  }
}
