internal import Tensors

/// The name of a channel axis, compared by its UTF-8 bytes.
public struct AxisName: Hashable, Comparable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
  private let name: TensorName

  /// The name with this text, byte for byte.
  public init(_ text: String) { name = TensorName(text) }

  /// The axis name that a string literal spells.
  public init(stringLiteral value: String) { self.init(value) }

  /// The name as text.
  public var text: String { name.text }

  /// The name as text, without quotes.
  public var description: String { name.text }

  /// The name in quotes, with control characters escaped.
  public var quoted: String { name.quoted }

  /// Ascending order.
  public static func < (a: Self, b: Self) -> Bool { a.name < b.name }
}
