/// y = Σ x / n along `axes` (all), where n is the number of elements in each sum
///
/// x: numbers of any kind; axes: an attribute before version 18, then an input → y: x's shape with 1 for the axes, or
/// without them (`keepdims`: 1); integers rounded towards zero. Source: ONNX `ReduceMean`, versions 1, 11, 13, 18.
enum ReduceMean: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Reduction.evaluate(call, axesInputSince: 18, Reduction.Rules(sumOf: { $0 }) { $0 / Double($1) })
  }
}
