/// y[n, k, o] = Σ_{c, t} (w[k, c, t] − w_zero_point[k]) · (x[n, g(k)·C/groups + c, o·stride − pad + t·dilation] −
/// x_zero_point)
///
/// x: I8 or U8, [N, C, in…]; w: I8 or U8, [K, C/groups, kernel…]; x_zero_point: one element (0); w_zero_point: one
/// element or [K] (0) → y: I32, [N, K, out…], modulo 2³². Attributes as in `Conv`. Source: ONNX `ConvInteger`, version 10.
enum ConvInteger: Operator {
  static var since: Int { 10 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    [try IntegerProducts.convolution(call, x: 0, xZero: 2, w: 1, wZero: 3, bias: 4)]
  }
}
