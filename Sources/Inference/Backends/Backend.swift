/// The heavy part of operators: whoever does it faster does it behind this.
///
/// An operator has checked shapes, types and budget, and has made the output; a backend only computes. Types that a
/// backend has no kernel for it leaves to `ReferenceBackend`.
protocol Backend: Sendable {
  /// Whether nodes that follow a heavy one may be done with it. The judge of other backends does one node at a time.
  var fuses: Bool { get }
  /// Whether operators on single elements use the processor's vectors where they have such a form.
  var vectorises: Bool { get }
  /// The most threads that compute at one time.
  var threads: Int { get }
  /// y ← scale · a · b + keep · y.
  func multiply(_ product: MatrixProduct) throws(OperatorError)
  /// y ← x ⋆ w + b.
  func convolve(_ convolution: Convolution) throws(OperatorError)
  /// y ← the adjoint of ⋆ on x, + b.
  func convolveTransposed(_ convolution: Convolution) throws(OperatorError)
  /// y ← the sum of products of the inputs that an equation says.
  func contract(_ contraction: Contraction) throws(OperatorError)
  /// y ← (x − mean) · factor + shift, per channel.
  func scale(_ scaling: ChannelScaling) throws(OperatorError)
  /// y ← the greatest, or the mean, of each window of x.
  func pool(_ pooling: Pooling) throws(OperatorError)
}

/// The backends that can be asked for by name.
package enum BackendKind: String, CaseIterable, Sendable {
  /// Plain Swift with binary64 accumulation: slow, and right by inspection.
  case reference
  /// Binary32 sums by OpenBLAS and vectors, several nodes at once: what is made for F32.
  case fast

  func make(threads: Int) -> any Backend {
    switch self {
    case .reference: ReferenceBackend(threads: threads)
    case .fast: FastBackend(threads: threads)
    }
  }
}

/// A matrix within a tensor: rows and columns may lie any number of elements apart.
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

/// y ← scale · a · b + keep · y, with a: [rows, depth], b: [depth, columns] and y: [rows, columns] in C order.
struct MatrixProduct {
  let a: MatrixView
  let b: MatrixView
  let y: Tensor
  var yOffset = 0
  var scale = 1.0
  /// 0 means that y's elements are not read.
  var keep = 0.0

  var rows: Int { a.rows }
  var columns: Int { b.columns }
  var depth: Int { a.columns }
}

/// A convolution or its adjoint, in any number of spatial dimensions.
///
/// Convolution: x: [N, C, in…], w: [K, C/groups, kernel…], y: [N, K, out…].
/// Adjoint: x: [N, C, out…], w: [C, K/groups, kernel…], y: [N, K, in…]: `windows` then describe the convolution that
/// would go from y to x.
struct Convolution {
  let x: Tensor
  let w: Tensor
  /// [K]
  let bias: Tensor?
  let y: Tensor
  let windows: Windows
  let groups: Int
  /// w is the model's: what is computed from it once serves every run.
  var weightsStay = false
  /// What the backend does to y at the end, if it fuses; else there is nothing to do.
  var epilogue = Epilogue.none
}

/// A number of each kind for every channel of x: [N, C, …].
struct ChannelScaling {
  let x: Tensor
  /// As x.
  let y: Tensor
  let mean: [Double]
  let factors: [Double]
  let shift: [Double]
  /// What the backend does to y at the end, if it fuses; else there is nothing to do.
  var epilogue = Epilogue.none

  /// Elements of a channel of a sample.
  var plane: Int { x.shape.dropFirst(2).product }
}

/// The windows of x: [N, C, in…] that make y: [N, C, out…].
struct Pooling {
  enum Kind {
    /// The first greatest element; its place in x goes to `indices` where they are wanted.
    case greatest(indices: Tensor?, isColumnMajor: Bool)
    /// The mean, of padding too where it counts.
    case mean(countsPadding: Bool)
  }

  let x: Tensor
  let y: Tensor
  let windows: Windows
  let kind: Kind
}
