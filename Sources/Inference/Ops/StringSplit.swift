internal import ONNXGraph

/// y[.., k] = the k-th part of x between `delimiter`s, and "" after the last part; z = the number of parts
///
/// x: text → y: text, x's shape with a last axis of the greatest number of parts; z: INT64, x's shape. Without a
/// delimiter (or with an empty one), parts are separated by any number of white spaces, and those at the ends are
/// removed. After `maxsplit` splits (a negative number: all), the rest is the last part. An empty text has no parts, as
/// in ONNX Runtime. Source: ONNX `StringSplit`, version 20.
enum StringSplit: Operator {
  static var since: Int { 20 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0, type: .string)
    let delimiter = Array((try call.string("delimiter") ?? "").utf8)
    let limit = try call.int("maxsplit").flatMap { $0 < 0 ? nil : $0 } ?? Int.max
    let z = try call.make(.int64, x.shape)
    let strings = call.run.strings
    var parts: [Int64] = []
    // The list grows by doubling.
    var reserved = 0
    defer { call.budget.release(bytes: reserved) }
    for place in 0..<x.count {
      let text = strings.text(x.values(Int64.self)[place])
      try call.budget.spend(text.utf8.count + 1, delimiter.count + 1)
      let found = delimiter.isEmpty ? words(text, limit) : text.isEmpty ? [] : split(text, delimiter, limit)
      try call.budget.take(bytes: found.count * 16)
      reserved += found.count * 16
      for part in found { parts.append(try strings.number(of: part)) }
      z.values(Int64.self)[place] = Int64(found.count)
    }
    let counts = z.values(Int64.self).prefix(z.count)
    let width = Int(counts.max() ?? 0)
    let y = try call.make(.string, x.shape + [width])
    let to = y.values(Int64.self)
    // Number 0 is the empty text.
    to.update(repeating: 0)
    var start = 0
    for (place, count) in counts.enumerated() {
      for index in 0..<Int(count) { to[place * width + index] = parts[start + index] }
      start += Int(count)
    }
    return [y, z]
  }

  private static func words(_ text: String, _ limit: Int) -> [String] {
    var rest = text.unicodeScalars.drop(while: \.properties.isWhitespace)
    while rest.last?.properties.isWhitespace == true { rest.removeLast() }
    var parts: [String] = []
    while !rest.isEmpty {
      let end = parts.count < limit ? rest.firstIndex(where: \.properties.isWhitespace) : nil
      parts.append(String(Substring(rest[..<(end ?? rest.endIndex)])))
      rest = end.map { rest[$0...].drop(while: \.properties.isWhitespace) } ?? rest[rest.endIndex...]
    }
    return parts
  }

  /// Splits at whole delimiters from left to right. Neither contains a part of a scalar at its ends, so every part is
  /// valid UTF-8.
  private static func split(_ text: String, _ delimiter: [UInt8], _ limit: Int) -> [String] {
    let bytes = Array(text.utf8)
    var parts: [String] = []
    var (start, place) = (0, 0)
    while place + delimiter.count <= bytes.count, parts.count < limit {
      if bytes[place] == delimiter[0], bytes[place..<(place + delimiter.count)].elementsEqual(delimiter) {
        parts.append(String(decoding: bytes[start..<place], as: UTF8.self))
        place += delimiter.count
        start = place
      } else {
        place += 1
      }
    }
    parts.append(String(decoding: bytes[start...], as: UTF8.self))
    return parts
  }
}
