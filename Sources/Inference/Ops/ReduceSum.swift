/// y = Σ x along `axes`
///
/// x: numbers of any kind. axes: an attribute before version 13, an input since then; by default all axes. y: x's
/// shape, with extent 1 for these axes; with `keepdims` 0 (default: 1), without them. Source: ONNX `ReduceSum`,
/// versions 1, 11, 13.
enum ReduceSum: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Reduction.evaluate(
      call, axesInputSince: 13, Reduction.Rules(Add.self, floats: 0, signed: 0, unsigned: 0))
  }
}
