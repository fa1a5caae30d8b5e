internal import ONNXGraph

/// r = (alpha · a_scale · b_scale) · ((A − a_zero_point) · (B − b_zero_point) + C) (alpha: 1); `transA` and `transB`
/// transpose A and B
///
/// A: I8 or U8, [M, K]; B: I8 or U8, [K, N]; C: I32, broadcasts to [M, N]; a_scale, a_zero_point: one element; b_scale,
/// b_zero_point: one element or [N] → y: [M, N]; with y_scale and y_zero_point (one element) saturate(round(r / y_scale) +
/// y_zero_point), otherwise r as F32. Scales: F32. Sums are exact. Source: com.microsoft `QGemm`, version 1.
enum QGemm: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let (a, b) = (try call.bytes(0), try call.bytes(3))
    for (index, matrix) in [(0, a), (3, b)] where matrix.rank != 2 {
      throw call.wrong(index, "2 dimensions", found: shapeText(matrix.shape))
    }
    let left = try call.quantisation(1, 2, of: a.type)
    let right = IntegerProducts.Operand(
      tensor: b, zero: try call.parameter(5, of: b.shape, axis: try call.flag("transB") ? 0 : 1))
    let sums = try Gemm.product(
      call, try IntegerProducts.Operand(tensor: a, zero: left.zero).centred(call), try right.centred(call),
      plus: call.optional(6), inputs: (3, 6))
    let alpha = try call.make(.float, [])
    alpha.values(Float.self)[0] = Float(try call.float("alpha") ?? 1)
    var factor = try Elementwise.binary(
      Mul.self, call, try Elementwise.binary(Mul.self, call, alpha, left.scale),
      try call.scale(4, .float, of: sums.shape, axis: 1))
    guard call.optional(7) != nil || call.optional(8) != nil else {
      return [try IntegerProducts.scaled(call, sums, by: factor)]
    }
    let type = try call.bytes(8).type
    let y = try call.quantisation(7, 8, of: type)
    factor = try Elementwise.binary(Div.self, call, factor, y.scale)
    return [try IntegerProducts.requantised(call, sums, by: factor, zero: y.zero, as: type)]
  }
}
