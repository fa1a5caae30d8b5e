/// y = Σ x along `axes` (all)
///
/// x: numbers of any kind; axes: an attribute before version 13, then an input → y: x's shape with 1 for the axes, or
/// without them (`keepdims`: 1). Source: ONNX `ReduceSum`, versions 1, 11, 13.
enum ReduceSum: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Reduction.evaluate(
      call, axesInputSince: 13, Reduction.Rules(Add.self, floats: 0, signed: 0, unsigned: 0))
  }
}
