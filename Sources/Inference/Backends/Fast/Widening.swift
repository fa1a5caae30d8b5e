internal import CKernels
internal import ONNXGraph

/// Whole tensors of F16, BF16 or stored numbers as binary32, for kernels that need all of their input. The weights of
/// products are never widened as a whole.
enum Widening {
  /// Numbers that a thread converts at a time.
  private static let piece = 1 << 14

  /// The `count` numbers of x from `first` on as F32 of this shape.
  static func floats(
    _ x: Tensor, from first: Int, _ shape: [Int], threads: Int
  ) throws(OperatorError) -> Tensor {
    let y = try Tensor(.float, shape, x.storage.budget)
    guard let elements = StoredElements(x) else {
      throw OperatorError("numbers to widen", found: x.type.name)
    }
    let to = y.values(Float.self)
    let count = y.count
    Parallel.tasks((count + piece - 1) / piece, threads: count < 1 << 15 ? 1 : threads) { task, _ in
      let start = task * piece
      elements.read(from: first + start, count: min(piece, count - start), to: to.base + start)
    }
    return y
  }

  /// x as F32; x itself if it is.
  static func floats(_ x: Tensor, threads: Int) throws(OperatorError) -> Tensor {
    x.type == .float && x.stored == nil ? x : try floats(x, from: 0, x.shape, threads: threads)
  }

  /// Memory for results: y itself, or F32 numbers that `finish` rounds to y.
  static func results(for y: Tensor) throws(OperatorError) -> Tensor {
    y.type == .float ? y : try Tensor(.float, y.shape, y.storage.budget)
  }

  /// Rounds F32 results to y, if y has another type.
  static func finish(_ results: Tensor, _ y: Tensor, threads: Int) {
    guard let form = y.type.half else { return }
    let (from, to) = (results.values(Float.self), y.values(UInt16.self))
    let count = y.count
    Parallel.tasks((count + piece - 1) / piece, threads: count < 1 << 15 ? 1 : threads) { task, _ in
      let start = task * piece
      Products.kernels.narrow(form, from.base + start, to.base + start, min(piece, count - start))
    }
  }
}
