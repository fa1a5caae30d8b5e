internal import Tensors

/// The name of a task, compared by its UTF-8 bytes.
public struct TaskID: Hashable, Comparable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
  private let name: TensorName

  /// The task with this name, byte for byte.
  public init(_ text: String) { name = TensorName(text) }

  /// The task of a network for which no tasks are named.
  public static let all = TaskID("all")

  /// The value that a literal spells.
  public init(stringLiteral value: String) { self.init(value) }

  /// The name as text.
  public var text: String { name.text }

  /// As an error or a table shows it.
  public var description: String { name.text }

  /// The name in quotes, with control characters escaped.
  public var quoted: String { name.quoted }

  /// Ascending order.
  public static func < (a: Self, b: Self) -> Bool { a.name < b.name }
}
