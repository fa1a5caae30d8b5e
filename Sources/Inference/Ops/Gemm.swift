internal import ONNXGraph

/// y = alpha · A · B + beta · C (alpha, beta: 1); `transA` and `transB` transpose A and B
///
/// A: numbers, [M, K]; B: [K, N]; C: broadcasts to [M, N] → y: [M, N]. Source: ONNX `Gemm`, versions 1, 6, 7, 9, 11,
/// 13.
enum Gemm: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let a = try matrix(call, 0, isTransposed: try call.flag("transA"))
    let b = try matrix(call, 1, isTransposed: try call.flag("transB"))
    guard a.columns == b.rows, a.tensor.type == b.tensor.type else {
      throw call.wrong(
        1, "\(a.columns) rows of \(a.tensor.type.name)", found: "\(b.rows) of \(b.tensor.type.name)")
    }
    let y = try call.make(a.tensor.type, [a.rows, b.columns])
    var product = MatrixProduct(a: a, b: b, y: y, scale: try call.float("alpha") ?? 1)
    if let c = call.optional(2) {
      guard c.type == y.type, Layout.broadcasts(c.shape, to: y.shape) else {
        throw call.wrong(
          2, "\(y.type.name) that broadcasts to \(shapeText(y.shape))",
          found: "\(c.type.name) \(shapeText(c.shape))")
      }
      try StridedCopy.copy(
        shape: y.shape, from: c, offset: 0, strides: Layout.strides(c.shape, as: y.shape), to: y,
        targetOffset: 0, targetStrides: Layout.strides(y.shape))
      product.keep = try call.float("beta") ?? 1
    }
    try call.budget.spend(product: a.rows, b.columns, a.columns)
    try call.backend.multiply(product)
    return [y]
  }

  private static func matrix(
    _ call: OperatorCall, _ index: Int, isTransposed: Bool
  ) throws(OperatorError) -> MatrixView {
    let x = try call.input(index, rank: 2)
    let view = MatrixView(
      tensor: x, rows: x.shape[0], columns: x.shape[1], rowStride: x.shape[1], columnStride: 1)
    return isTransposed ? view.transposed : view
  }
}
