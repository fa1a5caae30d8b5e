/// y = 1 / x
///
/// x: floats of any shape → y: the same. Source: ONNX `Reciprocal`, versions 1, 6, 13.
enum Reciprocal: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call, kernel: .reciprocal) { 1 / $0 }
  }
}
