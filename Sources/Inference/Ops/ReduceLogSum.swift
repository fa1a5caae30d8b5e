internal import Glibc

/// y = ln Σ x along `axes`; integers are rounded towards zero
///
/// x: numbers of any kind. axes: an attribute before version 18, an input since then; by default all axes. y: x's
/// shape, with extent 1 for these axes; with `keepdims` 0 (default: 1), without them. Source: ONNX `ReduceLogSum`,
/// versions 1, 11, 13, 18, 28.
enum ReduceLogSum: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Reduction.evaluate(call, axesInputSince: 18, Reduction.Rules(sumOf: { $0 }) { sum, _ in log(sum) })
  }
}
