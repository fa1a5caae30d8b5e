/// The arithmetic of operators that takes most of the time; a faster backend can replace the reference.
///
/// The operator checks shapes, types and budget, and allocates the output; a backend only computes. If a backend has no
/// kernel for a type, `ReferenceBackend` computes it.
protocol Backend: Sendable {
  /// Whether nodes after a product or convolution may be fused with it. The reference, with which other backends are
  /// compared, runs nodes one by one.
  var fuses: Bool { get }
  /// Whether elementwise operators use vectors, if they have code for vectors.
  var vectorises: Bool { get }
  /// The most threads that compute at one time.
  var threads: Int { get }
  /// y ← scale · a · b + keep · y.
  func multiply(_ product: MatrixProduct) throws(OperatorError)
  /// y ← x ⋆ w + b.
  func convolve(_ convolution: Convolution) throws(OperatorError)
  /// y ← the adjoint of ⋆ applied to x, + b.
  func convolveTransposed(_ convolution: Convolution) throws(OperatorError)
  /// y ← the sum of products of the inputs that an equation describes.
  func contract(_ contraction: Contraction) throws(OperatorError)
  /// y ← (x − mean) · factor + shift, for each channel.
  func scale(_ scaling: ChannelScaling) throws(OperatorError)
  /// y ← the greatest element, the mean, or the norm of each window of x.
  func pool(_ pooling: Pooling) throws(OperatorError)
}

/// The backends, by the names that users give.
package enum BackendKind: String, CaseIterable, Sendable {
  /// Plain Swift with binary64 accumulation: slow, and simple enough to check by reading.
  case reference
  /// For F32, F16 and BF16, binary32 sums by vectors, with fused nodes; for I32, sums by vectors.
  case fast

  /// The most threads of a backend. More threads than processors only wait, and each takes memory to work in.
  private static let threadLimit = 256

  func make(threads: Int) -> any Backend {
    let threads = min(max(1, threads), Self.threadLimit)
    return switch self {
    case .reference: ReferenceBackend(threads: threads)
    case .fast: FastBackend(threads: threads)
    }
  }
}

/// A matrix inside a tensor, with any distance between rows and between columns.
struct MatrixView {
  let tensor: Tensor
  var offset = 0
  let rows: Int
  let columns: Int
  let rowStride: Int
  let columnStride: Int

  var transposed: MatrixView {
    MatrixView(
      tensor: tensor, offset: offset, rows: columns, columns: rows, rowStride: columnStride,
      columnStride: rowStride)
  }
}

/// y ← scale · a · b + keep · y, with a: [rows, depth], b: [depth, columns] and y: [rows, columns].
struct MatrixProduct {
  let a: MatrixView
  let b: MatrixView
  let y: Tensor
  var yOffset = 0
  /// The distance between rows of y; nil if they are contiguous.
  var yRowStride: Int?
  var scale = 1.0
  /// If it is 0, y's elements are not read.
  var keep = 0.0

  var rows: Int { a.rows }
  var columns: Int { b.columns }
  var depth: Int { a.columns }
  var yStride: Int { yRowStride ?? columns }
}

/// A convolution or its adjoint, in any number of spatial dimensions.
///
/// Convolution: x: [N, C, in…], w: [K, C/groups, kernel…], y: [N, K, out…].
/// Adjoint: x: [N, C, out…], w: [C, K/groups, kernel…], y: [N, K, in…]; `windows` then describe the convolution from y
/// to x.
struct Convolution {
  let x: Tensor
  let w: Tensor
  /// The bias, of shape [K].
  let bias: Tensor?
  let y: Tensor
  let windows: Windows
  let groups: Int
  /// Whether w belongs to the model. Values computed from it can then be used in every run.
  var weightsStay = false
  /// w may have only some of y's channels: those from this one on. The others stay as they are.
  var firstOutput = 0
  /// The end of a fused step, which the backend applies to y; `none` if the backend does not fuse.
  var epilogue = Epilogue.none
}

/// One mean, factor and shift for every channel of x: [N, C, …].
struct ChannelScaling {
  let x: Tensor
  /// The shape of x.
  let y: Tensor
  let mean: [Double]
  let factors: [Double]
  let shift: [Double]
  /// The end of a fused step, which the backend applies to y; `none` if the backend does not fuse.
  var epilogue = Epilogue.none

  /// The number of elements of one channel of one sample.
  var plane: Int { x.shape.dropFirst(2).product }
}

/// The windows of x: [N, C, in…] that make y: [N, C, out…].
struct Pooling {
  enum Kind {
    /// The first greatest element; its flat position in x is written to `indices`, if given.
    case greatest(indices: Tensor?, isColumnMajor: Bool)
    /// The mean, including padding if it counts.
    case mean(countsPadding: Bool)
    /// (Σ |x|ᵖ)^(1/p); padding adds nothing.
    case norm(p: Double)
  }

  let x: Tensor
  let y: Tensor
  let windows: Windows
  let kind: Kind
}
