/// A tensor's name: any Unicode text, compared by its UTF-8 bytes.
///
/// Swift's `String` treats "é" and "e" + U+0301 as equal; two tensors of a file may differ only in this.
public struct TensorName: Hashable, Comparable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral
{
  /// The name as text; it need not be valid in any file system.
  public let text: String

  /// The name with this text, byte for byte.
  public init(_ text: String) {
    var text = text
    text.makeContiguousUTF8()
    self.text = text
  }

  public init(stringLiteral value: String) { self.init(value) }

  public var description: String { text }

  public static func == (a: Self, b: Self) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

  public static func < (a: Self, b: Self) -> Bool { a.text.utf8.lexicographicallyPrecedes(b.text.utf8) }

  public func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hasher.combine(0xFF as UInt8)
  }

  /// The name in quotes. Control characters are escaped, and a name of more than 120 characters is shortened in the
  /// middle.
  public var quoted: String {
    let shown = escaped
    return shown.count > 120 ? "'" + shown.prefix(80) + "…" + shown.suffix(39) + "'" : "'" + shown + "'"
  }

  /// The whole name. Quotes and control characters are escaped, so that it stays on its line.
  public var escaped: String {
    var shown = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "'", "\\": shown += "\\" + String(scalar)
      case _ where PrintableText.isHidden(scalar): shown += PrintableText.Syntax.text.spelled(scalar)
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }
}
