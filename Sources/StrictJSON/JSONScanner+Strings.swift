extension JSONScanner {
  /// Reads a string, whose opening quote is here.
  mutating func string() throws(JSONError) -> String {
    position += 1
    let start = position
    var isASCII = true
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        let text = try text(start..<position, isASCII: isASCII)
        position += 1
        return text
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
      if byte < 0x20 { throw unexpected("no control character in a string") }
      if byte >= 0x80 { isASCII = false }
      position += 1
    }
    throw unexpected("'\"'")
  }

  /// The text of some bytes; throws at the first byte that is not UTF-8.
  private func text(_ range: Range<Int>, isASCII: Bool) throws(JSONError) -> String {
    let slice = UnsafeRawBufferPointer(rebasing: bytes[range])
    if isASCII { return String(decoding: slice, as: UTF8.self) }
    guard let text = String(validating: slice, as: UTF8.self) else { throw badUTF8(in: range) }
    return text
  }

  private func badUTF8(in range: Range<Int>) -> JSONError {
    var iterator = bytes[range].makeIterator()
    var decoder = UTF8()
    var offset = range.lowerBound
    while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
    let found = offset < bytes.count ? "byte 0x" + hex(bytes[offset]) : "the end of the text"
    return .encoding(place(at: offset), found: found)
  }

  /// Reads a string with an escape from its start; `position` is at the first backslash.
  private mutating func escapedString(from start: Int) throws(JSONError) -> String {
    var decoded: [UInt8] = []
    var copied = start
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        try append(copied..<position, to: &decoded)
        position += 1
        return String(decoding: decoded, as: UTF8.self)
      }
      if byte < 0x20 { throw unexpected("no control character in a string") }
      if byte != UInt8(ascii: "\\") {
        position += 1
        continue
      }
      try append(copied..<position, to: &decoded)
      let scalar = try escape()
      UTF8.encode(scalar).map { decoded.append(contentsOf: $0) }
      copied = position
    }
    throw unexpected("'\"'")
  }

  private func append(_ range: Range<Int>, to decoded: inout [UInt8]) throws(JSONError) {
    let slice = UnsafeRawBufferPointer(rebasing: bytes[range])
    // Escapes are whole characters, so each stretch between two escapes must be valid by itself.
    guard String(validating: slice, as: UTF8.self) != nil else { throw badUTF8(in: range) }
    decoded.append(contentsOf: slice)
  }

  /// Reads an escape as a character. `position` is at its backslash before, and after the escape afterwards.
  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    let start = position
    position += 1
    let simple: Unicode.Scalar
    switch byte {
    case UInt8(ascii: "\""): simple = "\""
    case UInt8(ascii: "\\"): simple = "\\"
    case UInt8(ascii: "/"): simple = "/"
    case UInt8(ascii: "b"): simple = "\u{8}"
    case UInt8(ascii: "f"): simple = "\u{C}"
    case UInt8(ascii: "n"): simple = "\n"
    case UInt8(ascii: "r"): simple = "\r"
    case UInt8(ascii: "t"): simple = "\t"
    case UInt8(ascii: "u"):
      position += 1
      return try unicodeEscape(from: start)
    default: throw unexpected("one of \" \\ / b f n r t u after a backslash")
    }
    position += 1
    return simple
  }

  private mutating func unicodeEscape(from start: Int) throws(JSONError) -> Unicode.Scalar {
    let unit = try fourHexDigits()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    let shown = "\\u" + String(unit, radix: 16, uppercase: true)
    guard unit < 0xDC00, byte == UInt8(ascii: "\\") else {
      throw .loneSurrogate(place(at: start), found: shown)
    }
    position += 1
    guard byte == UInt8(ascii: "u") else { throw .loneSurrogate(place(at: start), found: shown) }
    position += 1
    let low = try fourHexDigits()
    guard (0xDC00..<0xE000).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
    else { throw .loneSurrogate(place(at: start), found: shown) }
    return scalar
  }

  private mutating func fourHexDigits() throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      let digit: UInt8
      switch byte {
      case let byte? where (0x30...0x39).contains(byte): digit = byte - 0x30
      case let byte? where (0x41...0x46).contains(byte): digit = byte - 0x41 + 10
      case let byte? where (0x61...0x66).contains(byte): digit = byte - 0x61 + 10
      default: throw unexpected("four hexadecimal digits")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }
}
