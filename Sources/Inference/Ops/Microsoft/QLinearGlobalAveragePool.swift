internal import ONNXGraph

/// y[n, c] = saturate(round(Σ (x[n, c, …] − x_zero_point) · x_scale / (y_scale · count)) + y_zero_point)
///
/// x: I8 or U8, [N, C, in…], or with `channels_last` [N, in…, C]; scales (F32) and zero points: one element → y: [N, C,
/// 1…] or [N, 1…, C]. Source: com.microsoft `QLinearGlobalAveragePool`, version 1.
enum QLinearGlobalAveragePool: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.bytes(0)
    guard x.rank >= 3 else { throw call.wrong(0, "three dimensions or more", found: shapeText(x.shape)) }
    let axes = try call.flag("channels_last") ? 1..<(x.rank - 1) : 2..<x.rank
    let (from, to) = (try call.quantisation(1, 2, of: x.type), try call.quantisation(3, 4, of: x.type))
    let centred = try IntegerProducts.Operand(tensor: x, zero: from.zero).centred(call)
    let rules = Reduction.Rules(Add.self, floats: 0, signed: 0, unsigned: 0)
    let sums = try Reduction.reduced(call, centred, Array(axes), keeps: true, rules)
    let factor = try call.make(.float, [])
    factor.values(Float.self)[0] =
      from.scale.values(Float.self)[0] / (to.scale.values(Float.self)[0] * Float(x.shape[axes].product))
    return [try IntegerProducts.requantised(call, sums, by: factor, zero: to.zero, as: x.type)]
  }
}
