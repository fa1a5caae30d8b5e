package import StrictJSON

/// JSON inside a `<script type="application/json">` of a page.
package enum EmbeddedJSON {
  /// The value as compact JSON in which no text can end the element: `<`, U+2028 and U+2029 are escapes.
  ///
  /// These characters occur only in strings, where an escape is the same character.
  package static func text(_ value: JSONValue) throws(JSONError) -> String {
    escaped(try JSONWriter.bytes(value, layout: .compact))
  }

  private static func escaped(_ bytes: [UInt8]) -> String {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + bytes.count / 64)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "<") {
        result += Array("\\u003c".utf8)
      } else if byte == 0xE2, index + 2 < bytes.count, bytes[index + 1] == 0x80,
        bytes[index + 2] == 0xA8 || bytes[index + 2] == 0xA9
      {
        // U+2028 is E2 80 A8, U+2029 is E2 80 A9.
        result += Array(bytes[index + 2] == 0xA8 ? "\\u2028".utf8 : "\\u2029".utf8)
        index += 2
      } else {
        result.append(byte)
      }
      index += 1
    }
    return String(decoding: result, as: UTF8.self)
  }
}
