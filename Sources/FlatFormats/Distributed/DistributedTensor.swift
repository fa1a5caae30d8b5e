internal import Tensors

/// A tensor of a distributed checkpoint, and its pieces.
struct DistributedTensor: Sendable {
  /// A box of the tensor, and the place of its bytes.
  struct Piece: Sendable {
    let box: PieceBox
    let place: Place
  }

  /// The place of a piece's bytes.
  enum Place: Sendable {
    /// A file of `torch.save` in these bytes of a file, which has a tensor of the box's shape.
    case archive(file: Int, Range<Int>)
    /// The elements in C order, from a byte of a file on.
    case plain(file: Int, start: Int)
  }

  let name: TensorName
  let dtype: DType
  /// Extents as PyTorch counts elements; the boxes of pieces count them too.
  let shape: [Int]
  /// The bytes of one element, as PyTorch counts elements.
  let itemSize: Int
  var pieces: [Piece]

  /// The elements of `dtype` in one element of PyTorch: 2 for packed FP4, else 1.
  var perItem: Int { max(1, dtype.elementCount(inBytes: itemSize)) }

  /// A shape in elements of `dtype`; nil if it overflows.
  func unpacked(_ shape: [Int]) -> [Int]? {
    guard perItem > 1, let last = shape.last else { return shape }
    let (product, overflow) = last.multipliedReportingOverflow(by: perItem)
    return overflow ? nil : shape.dropLast() + [product]
  }
}
