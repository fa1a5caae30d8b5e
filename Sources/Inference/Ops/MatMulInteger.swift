/// y[.., i, j] = Σ_k (a[.., i, k] − a_zero_point[i]) · (b[.., k, j] − b_zero_point[j])
///
/// a: I8 or U8, [.., M, K]; b: I8 or U8, [.., K, N]; a_zero_point: one element, [M] or [.., M, 1] (0); b_zero_point: one
/// element, [N] or [.., 1, N] (0) → y: I32, [.., M, N], modulo 2³². Shapes as in `MatMul`. Source: ONNX `MatMulInteger`,
/// version 10.
enum MatMulInteger: Operator {
  static var since: Int { 10 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let matrices = try IntegerProducts.matrices(
      call, try call.bytes(0), aZero: 2, try call.bytes(1), bZero: 3, second: 1)
    return [try matrices.product(call).reshaped(matrices.shape.shape)]
  }
}
