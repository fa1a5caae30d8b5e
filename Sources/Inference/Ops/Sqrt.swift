/// y = √x, NaN below zero
///
/// x: floats of any shape → y: the same. Source: ONNX `Sqrt`, versions 1, 6, 13.
enum Sqrt: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call, kernel: .sqrt) { $0.squareRoot() }
  }
}
