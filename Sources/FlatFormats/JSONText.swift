/// JSON strings as serde_json writes them, which makes headers of ours and of the reference equal in every byte.
enum JSONText {
  /// Appends `text` in quotes: escapes for quote, backslash and control characters, all else as it is.
  static func append(_ text: String, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): out.append(contentsOf: [UInt8(ascii: "\\"), byte])
      case 0x08: out.append(contentsOf: "\\b".utf8)
      case 0x09: out.append(contentsOf: "\\t".utf8)
      case 0x0A: out.append(contentsOf: "\\n".utf8)
      case 0x0C: out.append(contentsOf: "\\f".utf8)
      case 0x0D: out.append(contentsOf: "\\r".utf8)
      case 0..<0x10: out.append(contentsOf: ("\\u000" + String(byte, radix: 16)).utf8)
      case 0x10..<0x20: out.append(contentsOf: ("\\u00" + String(byte, radix: 16)).utf8)
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
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
