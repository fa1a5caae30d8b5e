/// JSON strings in the form that serde_json writes, so our headers have the same bytes as those of the reference.
enum JSONText {
  /// Appends `text` in quotes: quote, backslash and control characters escaped, the rest unchanged.
  static func append(_ text: String, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    var rest = text.utf8[...]
    while let stop = rest.firstIndex(where: {
      $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\")
    }) {
      out.append(contentsOf: rest[..<stop])
      out.append(contentsOf: escape(rest[stop]).utf8)
      rest = rest[rest.index(after: stop)...]
    }
    out.append(contentsOf: rest)
    out.append(UInt8(ascii: "\""))
  }

  private static func escape(_ byte: UInt8) -> String {
    switch byte {
    case UInt8(ascii: "\""): "\\\""
    case UInt8(ascii: "\\"): "\\\\"
    case 0x08: "\\b"
    case 0x09: "\\t"
    case 0x0A: "\\n"
    case 0x0C: "\\f"
    case 0x0D: "\\r"
    default: (byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16)
    }
  }

  /// Appends an object of strings, in the order given, without white space.
  static func append(_ pairs: [(String, String)], to out: inout [UInt8]) {
    out.append(UInt8(ascii: "{"))
    for (index, pair) in pairs.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      append(pair.0, to: &out)
      out.append(UInt8(ascii: ":"))
      append(pair.1, to: &out)
    }
    out.append(UInt8(ascii: "}"))
  }
}
