/// y = the least whole number that is at least x
///
/// x: floats of any shape → y: the same. Source: ONNX `Ceil`, versions 1, 6, 13.
enum Ceil: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { $0.rounded(.up) }
  }
}
