internal import TensorStreams
internal import Tensors

/// One tensor of a file or of a sub-network, without its elements.
public struct TensorDescription: Sendable, Hashable {
  /// The tensor's name in this collection.
  public let name: String
  /// The element type.
  public let dtype: DType
  /// The dimensions, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The number of elements.
  public let elementCount: Int
  /// The number of bytes of all elements together.
  public let byteCount: Int
  /// The name of another listed tensor with the same bytes; nil if this tensor is not tied.
  public let tiedTo: String?

  init(_ tensor: SourceTensor) {
    name = tensor.spec.name.text
    dtype = DType(tensor.spec.dtype)
    shape = tensor.spec.shape
    elementCount = tensor.spec.elementCount
    byteCount = tensor.spec.byteCount
    tiedTo = tensor.tiedTo?.text
  }
}

/// A part of a file that Tessera does not read as a tensor.
public struct LeftOutPart: Sendable, Hashable {
  /// The name of a tensor, of a member, or of a container of several tensors.
  public let name: String
  /// The reason, in words.
  public let reason: String
}
