/// A tensor that is in the model: what it is, and where its elements lie. The elements are not read.
public struct TensorConstant: Sendable {
  /// The name of the message; of a `Constant` node's value often empty.
  public let name: String
  /// What the elements are.
  public let type: ElementType
  /// Extents, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The product of the shape.
  public let elementCount: Int
  /// Where the elements are.
  package let payload: TensorPayload
  /// Of the message, in the file.
  package let message: Range<Int>

  /// Bytes of the elements when packed; 0 for text, whose elements have no size of their own.
  public var byteCount: Int {
    guard let bits = type.bits else { return 0 }
    // The decoder has checked that the bits do not overflow.
    return (elementCount * bits + 7) / 8
  }
}

/// Where the elements of a tensor lie.
package enum TensorPayload: Sendable {
  /// `raw_data`: little-endian, C order, in the model's own file.
  case raw(Range<Int>)
  /// A typed field of the tensor's message, packed or one element at a time; walked again when it is read.
  case typed(field: Int)
  /// In a file of its own.
  case external(ExternalData)
  /// Here: a few numbers among a node's attributes, packed and little-endian.
  case held([UInt8])
  /// Nowhere in the model: whoever runs it gives the elements of the tensor with this number.
  case supplied(Int)
}

/// The entries of `external_data`, as they are in the file.
package struct ExternalData: Sendable, Equatable {
  package var location = ""
  package var offset = 0
  /// Bytes; nil means to the end of the file.
  package var length: Int?
}

/// `SparseTensorProto`: values, and where they stand in a tensor of zeros.
public struct SparseConstant: Sendable {
  /// The elements that are there, in order.
  public let values: TensorConstant
  /// Linear indices, or one row of coordinates per value.
  public let indices: TensorConstant
  /// Of the dense tensor.
  public let shape: [Int]
  /// Of the message, in the file.
  package let message: Range<Int>
}
