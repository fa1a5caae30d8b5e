/// y = Σ |x| along `axes` (all)
///
/// x: numbers of any kind; axes: an attribute before version 18, then an input → y: x's shape with 1 for the axes, or
/// without them (`keepdims`: 1). Source: ONNX `ReduceL1`, versions 1, 11, 13, 18.
enum ReduceL1: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Reduction.evaluate(
      call, axesInputSince: 18, Reduction.Rules(sumOf: { $0.magnitude }) { sum, _ in sum })
  }
}
