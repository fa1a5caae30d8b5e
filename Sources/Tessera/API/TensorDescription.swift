internal import TensorStreams
internal import Tensors

/// One tensor of a file or of a sub-network, without its elements.
public struct TensorDescription: Sendable, Hashable {
  /// The name, as it stands in the file.
  public let name: String
  /// How its elements are stored.
  public let dtype: DType
  /// The extents, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The number of elements.
  public let elementCount: Int
  /// The bytes of all elements.
  public let byteCount: Int
  /// The name of another tensor of the list whose bytes are these, too; nil for a tensor of its own.
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

/// Something that a file holds and that is not among its tensors.
public struct LeftOutPart: Sendable, Hashable {
  /// The name of the tensor, the member, or what holds several tensors.
  public let name: String
  /// Why it is left out, as the end of a sentence.
  public let reason: String
}
