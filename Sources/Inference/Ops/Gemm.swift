internal import ONNXGraph

/// y = alpha · A · B + beta · C (alpha, beta: 1); `transA` and `transB` transpose A and B
///
/// A: numbers, [M, K]; B: [K, N]; C: broadcasts to [M, N] → y: [M, N]. Source: ONNX `Gemm`, versions 1, 6, 7, 9, 11,
/// 13.
enum Gemm: Operator {
  static var storedInputs: ClosedRange<Int>? { 0...1 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let (a, b) = (try call.input(0, rank: 2), try call.input(1, rank: 2))
    return [
      try product(
        call, a, b, plus: call.optional(2), inputs: (1, 2), scale: try call.float("alpha") ?? 1,
        keep: try call.float("beta") ?? 1)
    ]
  }

  /// scale · a · b + keep · c, transposed as the attributes say.
  ///
  /// - Parameter inputs: the numbers of the inputs that b and c come from, for errors.
  static func product(
    _ call: OperatorCall, _ a: Tensor, _ b: Tensor, plus c: Tensor?, inputs: (b: Int, c: Int),
    scale: Double = 1, keep: Double = 1
  ) throws(OperatorError) -> Tensor {
    let left = matrix(a, isTransposed: try call.flag("transA"))
    let right = matrix(b, isTransposed: try call.flag("transB"))
    guard left.columns == right.rows, a.type == b.type else {
      throw call.wrong(
        inputs.b, "\(left.columns) rows of \(a.type.name)", found: "\(right.rows) of \(b.type.name)")
    }
    let y = try call.make(a.type, [left.rows, right.columns])
    var product = MatrixProduct(a: left, b: right, y: y, scale: scale)
    if let c {
      guard c.type == y.type, Layout.broadcasts(c.shape, to: y.shape) else {
        throw call.wrong(
          inputs.c, "\(y.type.name) that broadcasts to \(shapeText(y.shape))",
          found: "\(c.type.name) \(shapeText(c.shape))")
      }
      try StridedCopy.copy(
        shape: y.shape, from: c, offset: 0, strides: Layout.strides(c.shape, as: y.shape), to: y,
        targetOffset: 0, targetStrides: Layout.strides(y.shape))
      product.keep = keep
    }
    // Without columns, there can still be 2³¹ rows · depth.
    if y.count == 0 { return y }
    try call.budget.spend(product: left.rows, right.columns, left.columns)
    try call.backend.multiply(product)
    return y
  }

  private static func matrix(_ x: Tensor, isTransposed: Bool) -> MatrixView {
    let view = MatrixView(
      tensor: x, rows: x.shape[0], columns: x.shape[1], rowStride: x.shape[1], columnStride: 1)
    return isTransposed ? view.transposed : view
  }
}
