/// y[.., i, j] = alpha · Σ_k A[.., i, k] · B[.., k, j] (alpha: 1), where A and B are a and b, transposed by flags
///
/// a: numbers, [.., M, K]; b: [.., K, N]; leading axes broadcast → y: [.., M, N]. `transBatchA` (B) first makes [M, .., K]
/// to [.., M, K]; `transA` (B) then swaps the last two axes. They do not change a vector, which is a row on the left
/// and a column on the right. Source: ONNX Runtime `FusedMatMul`, version 1.
enum FusedMatMul: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let a = try call.input(0)
    let b = try call.input(1, type: a.type)
    guard a.rank >= 1, b.rank >= 1 else { throw OperatorError("a dimension of both inputs", found: "none") }
    let y = try stack(call, a, "A", vector: [1] + a.shape).multiplied(
      call, by: try stack(call, b, "B", vector: b.shape + [1]), scale: try call.float("alpha") ?? 1)
    var shape = y.shape
    if b.rank == 1 { shape.removeLast() }
    if a.rank == 1 { shape.remove(at: shape.count - (b.rank == 1 ? 1 : 2)) }
    return [try y.reshaped(shape)]
  }

  private static func stack(
    _ call: OperatorCall, _ x: Tensor, _ side: String, vector: [Int]
  ) throws(OperatorError) -> MatrixStack {
    if x.rank == 1 { return MatrixStack(try x.reshaped(vector)) }
    var stack = MatrixStack(x)
    if try call.flag("transBatch\(side)") { stack.moveFirstAxisToRows() }
    if try call.flag("trans\(side)") { stack.transpose() }
    return stack
  }
}
