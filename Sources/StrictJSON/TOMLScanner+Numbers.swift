extension TOMLScanner {
  /// Reads a value without quotes and brackets: a boolean or a number.
  mutating func word() throws(TOMLError) -> JSONValue {
    let start = position
    while let byte, Self.isOfWord(byte) { position += 1 }
    let word = bytes[start..<position]
    if word.isEmpty { throw unexpected("a value") }
    let text = String(decoding: word, as: UTF8.self)
    switch text {
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "inf", "+inf", "-inf", "nan", "+nan", "-nan":
      throw .syntax(place(start), expected: "a finite number", found: "\(text), which is not supported here")
    default: break
    }
    if Self.isDateOrTime(word) {
      throw .syntax(
        place(start), expected: "a string, a number, a boolean, an array or a table",
        found: "a date or a time, which is not supported here: \(shown(word))")
    }
    if let (digits, radix) = Self.prefixed(word) {
      guard let plain = Self.joined(digits, { Self.hexDigit($0).map { $0 < radix } ?? false }) else {
        throw notANumber(word, start)
      }
      // Int64 refuses what does not fit, however long it is.
      guard let number = Int64(plain, radix: Int(radix)) else {
        throw .numberOutOfRange(place(start), found: shown(word))
      }
      return .integer(number)
    }
    return try decimal(word, start)
  }

  /// Every byte that can be in a number, a boolean, a date or a time.
  private static func isOfWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "_"),
      UInt8(ascii: "."), UInt8(ascii: ":"):
      true
    default: false
    }
  }

  /// Whether a word begins like 1979-05-27 or 07:32.
  private static func isDateOrTime(_ word: ArraySlice<UInt8>) -> Bool {
    let digits = word.prefix(while: isDigit).count
    let next = word.dropFirst(digits).first
    return digits == 4 && next == UInt8(ascii: "-") || digits == 2 && next == UInt8(ascii: ":")
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  /// The digits after 0x, 0o or 0b, with their radix; nil for other words. Such numbers have no sign.
  private static func prefixed(_ word: ArraySlice<UInt8>) -> (digits: ArraySlice<UInt8>, radix: UInt8)? {
    guard word.first == UInt8(ascii: "0") else { return nil }
    switch word.dropFirst().first {
    case UInt8(ascii: "x"): return (word.dropFirst(2), 16)
    case UInt8(ascii: "o"): return (word.dropFirst(2), 8)
    case UInt8(ascii: "b"): return (word.dropFirst(2), 2)
    default: return nil
    }
  }

  /// The digits without underscores, each of which must be between two digits; nil for anything else.
  private static func joined(_ digits: ArraySlice<UInt8>, _ isDigit: (UInt8) -> Bool) -> String? {
    var text: [UInt8] = []
    var afterDigit = false
    for byte in digits {
      if byte == UInt8(ascii: "_"), afterDigit {
        afterDigit = false
      } else if isDigit(byte) {
        text.append(byte)
        afterDigit = true
      } else {
        return nil
      }
    }
    return afterDigit ? String(decoding: text, as: UTF8.self) : nil
  }

  private func decimal(_ word: ArraySlice<UInt8>, _ start: Int) throws(TOMLError) -> JSONValue {
    let hasSign = word.first == UInt8(ascii: "+") || word.first == UInt8(ascii: "-")
    let unsigned = hasSign ? word.dropFirst() : word
    let mantissa = unsigned.prefix { $0 != UInt8(ascii: "e") && $0 != UInt8(ascii: "E") }
    let whole = mantissa.prefix { $0 != UInt8(ascii: ".") }
    guard let digits = Self.joined(whole, Self.isDigit) else { throw notANumber(word, start) }
    if digits.utf8.count > 1, digits.utf8.first == UInt8(ascii: "0") {
      throw .syntax(place(start), expected: "a number without leading zeros", found: shown(word))
    }
    let sign = word.first == UInt8(ascii: "-") ? "-" : ""
    if whole.count == unsigned.count {
      guard let number = Int64(sign + digits) else {
        throw .numberOutOfRange(place(start), found: shown(word))
      }
      return .integer(number)
    }
    var text = sign + digits
    if mantissa.count > whole.count {
      guard let fraction = Self.joined(mantissa.dropFirst(whole.count + 1), Self.isDigit) else {
        throw notANumber(word, start)
      }
      text += "." + fraction
    }
    if unsigned.count > mantissa.count {
      var exponent = unsigned.dropFirst(mantissa.count + 1)
      text += "e"
      if let first = exponent.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
        text += first == UInt8(ascii: "-") ? "-" : ""
        exponent = exponent.dropFirst()
      }
      guard let power = Self.joined(exponent, Self.isDigit) else { throw notANumber(word, start) }
      text += power
    }
    guard let number = Double(text), number.isFinite else {
      throw .numberOutOfRange(place(start), found: shown(word))
    }
    return .number(number)
  }

  private func notANumber(_ word: ArraySlice<UInt8>, _ start: Int) -> TOMLError {
    .syntax(place(start), expected: "a value: a text in quotes, a number, true or false", found: shown(word))
  }

  /// The word, at most 40 bytes of it; a file may have a number with a million digits.
  private func shown(_ word: ArraySlice<UInt8>) -> String {
    let text = String(decoding: word.prefix(40), as: UTF8.self)
    return word.count > 40 ? "'\(text)…'" : "'\(text)'"
  }
}
