/// y = Π x along `axes`
///
/// x: numbers of any kind. axes: an attribute before version 18, an input since then; by default all axes. y: x's
/// shape, with extent 1 for these axes; with `keepdims` 0 (default: 1), without them. Source: ONNX `ReduceProd`,
/// versions 1, 11, 13, 18.
enum ReduceProd: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Reduction.evaluate(
      call, axesInputSince: 18, Reduction.Rules(Mul.self, floats: 1, signed: 1, unsigned: 1))
  }
}
