public import Tensors

/// An error between any source of tensors and its reader.
public enum TensorStreamError: Error, Hashable, CustomStringConvertible {
  /// More bytes were requested than the tensor has left.
  case pastEnd(left: Int, asked: Int)
  /// A source has no tensor with this number.
  case unknown(path: String, number: Int)
  /// A source has no tensor of this name.
  case missing(path: String, name: TensorName)
  /// A tensor has more or fewer bytes than expected.
  case otherSize(path: String, number: Int, expected: Int, found: Int)

  /// One sentence: place, expected, found.
  public var description: String {
    switch self {
    case .pastEnd(let left, let asked):
      "tensor: expected a read of at most \(left.grouped) bytes, found \(asked.grouped)"
    case .unknown(let path, let number): "\(path): expected a tensor with number \(number), found none"
    case .missing(let path, let name): "\(path): expected a tensor \(name.quoted), found none"
    case .otherSize(let path, let number, let expected, let found):
      "\(path): tensor number \(number): expected \(expected.grouped) bytes, found \(found.grouped)"
    }
  }
}

/// An error of a source, wrapped so that it can be compared: two are equal if their sentences are equal.
public struct SourceFailure: Error, Hashable, CustomStringConvertible {
  /// The error of the source.
  public let cause: any Error

  /// Wraps an error of a source.
  public init(_ cause: any Error) { self.cause = cause }

  /// The source's own sentence.
  public var description: String { "\(cause)" }

  /// Whether both have the same sentence.
  public static func == (one: SourceFailure, other: SourceFailure) -> Bool {
    one.description == other.description
  }

  /// Hashes the sentence.
  public func hash(into hasher: inout Hasher) { hasher.combine(description) }
}
