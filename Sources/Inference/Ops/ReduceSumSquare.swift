/// y = Σ x² along `axes` (all)
///
/// x: numbers of any kind; axes: an attribute before version 18, then an input → y: x's shape with 1 for the axes, or
/// without them (`keepdims`: 1). Source: ONNX `ReduceSumSquare`, versions 1, 11, 13, 18.
enum ReduceSumSquare: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Reduction.evaluate(call, axesInputSince: 18, Reduction.Rules(sumOf: { $0 * $0 }) { sum, _ in sum })
  }
}
