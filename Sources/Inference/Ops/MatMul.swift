/// y[.., i, j] = Σ_k a[.., i, k] · b[.., k, j]
///
/// a: numbers, [.., M, K]; b: [.., K, N]; leading axes broadcast → y: [.., M, N]. A vector is a row on the left and a
/// column on the right, and y lacks its axis. Source: ONNX `MatMul`, versions 1, 9, 13.
enum MatMul: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let a = try call.input(0)
    let b = try call.input(1, type: a.type)
    guard a.rank >= 1, b.rank >= 1 else { throw OperatorError("a dimension of both inputs", found: "none") }
    let left = try a.reshaped(a.rank == 1 ? [1] + a.shape : a.shape)
    let right = try b.reshaped(b.rank == 1 ? b.shape + [1] : b.shape)
    let y = try MatrixStack(left).multiplied(call, by: MatrixStack(right))
    let batch = Array(y.shape.dropLast(2))
    return [
      try y.reshaped(
        batch + (a.rank == 1 ? [] : left.shape.suffix(2).dropLast())
          + (b.rank == 1 ? [] : right.shape.suffix(1)))
    ]
  }
}
