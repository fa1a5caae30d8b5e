extension JSONScanner {
  /// Reads a number, which begins here with a digit or a minus.
  mutating func number() throws(JSONError) -> JSONValue {
    let start = position
    let isNegative = byte == UInt8(ascii: "-")
    if isNegative { position += 1 }
    var value: Int64 = 0
    var overflow = false
    if byte == UInt8(ascii: "0") {
      position += 1
      if isDigit { throw unexpected("no digit after a leading 0") }
    } else {
      guard isDigit else { throw unexpected("a digit") }
      while isDigit {
        let digit = Int64(bytes[position] - UInt8(ascii: "0"))
        let (tens, first) = value.multipliedReportingOverflow(by: 10)
        // The number is built as a negative one, because Int64 has one more negative number than positive ones.
        let (next, second) =
          isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
        overflow = overflow || first || second
        value = next
        position += 1
      }
    }
    let isWhole = byte != UInt8(ascii: ".") && byte != UInt8(ascii: "e") && byte != UInt8(ascii: "E")
    if isWhole {
      if overflow { throw .numberOutOfRange(place(at: start), found: shown(from: start)) }
      return isNegative && value == 0 ? .number(-0.0) : .integer(value)
    }
    if byte == UInt8(ascii: ".") {
      position += 1
      guard isDigit else { throw unexpected("a digit after the point") }
      while isDigit { position += 1 }
    }
    if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      position += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
      guard isDigit else { throw unexpected("a digit of the exponent") }
      while isDigit { position += 1 }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let number = Double(text), number.isFinite else {
      throw .numberOutOfRange(place(at: start), found: shown(from: start))
    }
    return .number(number)
  }

  private var isDigit: Bool {
    guard let byte else { return false }
    return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  /// The number's text, at most 40 bytes; a file may have a number with a million digits.
  private func shown(from start: Int) -> String {
    let text = String(decoding: bytes[start..<min(position, start + 40)], as: UTF8.self)
    return position - start > 40 ? text + "…" : text
  }
}
