/// A tensor of the model: its name, type, shape and the position of its elements. The elements are not read.
public struct TensorConstant: Sendable {
  /// The name in its message; often empty for the value of a `Constant` node.
  public let name: String
  /// The type of the elements.
  public let type: ElementType
  /// Extents, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The product of the extents.
  public let elementCount: Int
  /// The position of the elements.
  package let payload: TensorPayload
  /// The range of the message in the file.
  package let message: Range<Int>

  /// Bytes of the packed elements; 0 for text, whose elements have no fixed size.
  public var byteCount: Int {
    guard let bits = type.bits else { return 0 }
    // The decoder has checked that the bits do not overflow.
    return (elementCount * bits + 7) / 8
  }
}

/// The position of a tensor's elements.
package enum TensorPayload: Sendable {
  /// `raw_data`: little-endian, C order, in the model's own file.
  case raw(Range<Int>)
  /// A typed field of the tensor's message, packed or one element at a time; each read goes through the field again.
  case typed(field: Int)
  /// The elements are in another file.
  case external(ExternalData)
  /// A few numbers from a node's attribute, packed and little-endian.
  case held([UInt8])
  /// The elements are not in the model: the caller supplies those of the tensor with this number.
  case supplied(Int)
}

/// The entries of `external_data`, as they are in the file.
package struct ExternalData: Sendable, Equatable {
  package var location = ""
  package var offset = 0
  /// The number of bytes; nil means up to the end of the file.
  package var length: Int?
}

/// `SparseTensorProto`: values, and their positions in a tensor of zeros.
public struct SparseConstant: Sendable {
  /// The non-zero elements, in order.
  public let values: TensorConstant
  /// Indices into the flat tensor, or a row of coordinates for each value.
  public let indices: TensorConstant
  /// The shape of the dense tensor.
  public let shape: [Int]
  /// The range of the message in the file.
  package let message: Range<Int>
}
