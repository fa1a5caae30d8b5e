internal import ONNXGraph

/// y = saturate(round((x − x_zero_point) ⋆ (w − w_zero_point) + B) · x_scale · w_scale / y_scale) + y_zero_point), with ⋆
/// as in `Conv`
///
/// x: I8 or U8, [N, C, in…]; w: I8 or U8, [K, C/groups, kernel…]; w_scale, w_zero_point: one element or [K]; the other
/// scales (F32) and zero points: one element; B: I32, [K] → y: [N, K, out…] of y_zero_point's type. Sums are exact; the
/// factor and its product are rounded to F32, as in ONNX Runtime. Source: ONNX `QLinearConv`, version 10.
enum QLinearConv: Operator {
  static var since: Int { 10 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let sums = try IntegerProducts.convolution(call, x: 0, xZero: 2, w: 3, wZero: 5, bias: 8)
    let type = try call.bytes(7).type
    let y = try call.quantisation(6, 7, of: type)
    let x = try call.quantisation(1, 2, of: try call.input(0).type)
    let scale = try call.scale(4, .float, of: Array(sums.shape[1...]), axis: 0)
    let product = try Elementwise.binary(Mul.self, call, x.scale, scale)
    let factor = try Elementwise.binary(Div.self, call, product, y.scale)
    return [try IntegerProducts.requantised(call, sums, by: factor, zero: y.zero, as: type)]
  }
}
