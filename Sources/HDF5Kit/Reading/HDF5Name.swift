/// A name inside an HDF5 file, compared by its bytes.
///
/// The format requires "UTF-8 or ASCII", but some files have neither. Swift's `String` would also treat two canonically
/// equal names as the same link.
package struct HDF5Name: Hashable, Sendable, Comparable, ExpressibleByStringLiteral {
  /// The bytes as stored, without a terminator.
  package let bytes: [UInt8]

  /// A name of these bytes.
  package init(bytes: [UInt8]) { self.bytes = bytes }

  /// The name whose bytes are the text's UTF-8.
  package init(_ text: String) { bytes = Array(text.utf8) }

  package init(stringLiteral value: String) { self.init(value) }

  /// The name as text, or nil when its bytes are not UTF-8.
  package var text: String? { String(validating: bytes, as: UTF8.self) }

  /// Compares bytes, a prefix first; this is the order of links in a symbol table.
  package static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

extension HDF5Name: CustomStringConvertible {
  package var description: String { String(decoding: bytes, as: UTF8.self) }

  /// The name in quotes for a message. Control characters are escaped; a name of more than 120 characters is shortened
  /// in the middle.
  package var quoted: String {
    var shown = ""
    for scalar in description.unicodeScalars {
      let value = scalar.value
      let hides =
        value < 0x20 || (0x7F..<0xA0).contains(value) || (0x200B...0x200F).contains(value)
        || (0x2028...0x202E).contains(value) || (0x2066...0x2069).contains(value) || value == 0xFEFF
      if hides {
        shown += "\\u{" + String(value, radix: 16) + "}"
      } else {
        if scalar == "'" || scalar == "\\" { shown += "\\" }
        shown.unicodeScalars.append(scalar)
      }
    }
    if shown.count > 120 { shown = shown.prefix(80) + "…" + shown.suffix(39) }
    return "'" + shown + "'"
  }
}
