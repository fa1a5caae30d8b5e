internal import ONNXGraph

/// y = (A − a_zero_point) · (B − b_zero_point) · (a_scale · b_scale) + bias
///
/// A: I8 or U8, [.., M, K]; B: I8 or U8, [.., K, N]; a_scale, a_zero_point (0): one element, [M] or [.., M, 1]; b_scale,
/// b_zero_point (0): one element, [N] or [.., 1, N]; bias: [N]; scales and bias: F32 or F16 → y: of their type, [.., M, N].
/// Shapes as in `MatMul`; sums are exact. Source: com.microsoft `MatMulIntegerToFloat`, version 1.
enum MatMulIntegerToFloat: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let matrices = try IntegerProducts.matrices(
      call, try call.bytes(0), aZero: 4, try call.bytes(1), bZero: 5, second: 1)
    let type = try call.input(2).type
    guard type.isFloat else { throw call.wrong(2, "floating-point elements", found: type.name) }
    let (left, right) = (try matrices.leftScale(call, 2, type), try matrices.rightScale(call, 3, type))
    let factor = try Elementwise.binary(
      Mul.self, call, try Casting.cast(call, left, to: .float), try Casting.cast(call, right, to: .float))
    return [try Casting.cast(call, try matrices.real(call, by: factor, bias: 6), to: type)]
  }
}
