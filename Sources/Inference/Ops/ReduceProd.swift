/// y = Π x along `axes` (all)
///
/// x: numbers of any kind; axes: an attribute before version 18, then an input → y: x's shape with 1 for the axes, or
/// without them (`keepdims`: 1). Source: ONNX `ReduceProd`, versions 1, 11, 13, 18.
enum ReduceProd: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Reduction.evaluate(
      call, axesInputSince: 18, Reduction.Rules(Mul.self, floats: 1, signed: 1, unsigned: 1))
  }
}
