internal import Glibc
internal import ONNXGraph

/// y = ln Σ eˣ along `axes`, without overflow; integers are rounded towards zero
///
/// x: numbers of any kind. axes: an attribute before version 18, an input since then; by default all axes. y: x's
/// shape, with extent 1 for these axes; with `keepdims` 0 (default: 1), without them. Source: ONNX `ReduceLogSumExp`,
/// versions 1, 11, 13, 18, 28.
enum ReduceLogSumExp: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.type.isFloat || x.type.isInteger else { throw call.wrong(0, "numbers", found: x.type.name) }
    let real = x.type.isFloat ? x : try Casting.cast(call, x, to: .double)
    let rule = Reduction.Rule<Double>(
      start: -.infinity, combine: added, finish: { sum, _ throws(OperatorError) in sum })
    let y = try Reduction.evaluate(call, of: real, axesInputSince: 18, Reduction.Rules(floats: rule))
    return [try Casting.cast(call, y[0], to: x.type)]
  }

  /// ln(eᵃ + eᵇ). The exponent is never above 0.
  private static func added(_ a: Double, _ b: Double) -> Double {
    if a == b { return a + M_LN2 }
    return (a > b ? a : b) + log1p(exp(-(a - b).magnitude))
  }
}
