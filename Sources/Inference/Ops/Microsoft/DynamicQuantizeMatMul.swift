internal import ONNXGraph

/// y = (A′ − z) · (B − b_zero_point) · (s · b_scale) + bias, where A′, s and z are A quantised as by
/// `DynamicQuantizeLinear`
///
/// A: F32, [.., M, K]; B: I8 or U8, [.., K, N]; b_scale (F32), b_zero_point (0): one element, [N] or [.., 1, N]; bias: F32,
/// [N] → y: F32, [.., M, N]. Shapes as in `MatMul`; sums are exact. Source: com.microsoft `DynamicQuantizeMatMul`,
/// version 1.
enum DynamicQuantizeMatMul: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let (a, scale, zero) = try DynamicQuantizeLinear.quantised(call, 0)
    var matrices = try IntegerProducts.matrices(call, a, aZero: nil, try call.bytes(1), bZero: 3, second: 1)
    matrices.a.zero = zero
    let factor = try Elementwise.binary(Mul.self, call, scale, try matrices.rightScale(call, 2, .float))
    return [try matrices.real(call, by: factor, bias: 4)]
  }
}
