/// y = the greatest whole number that is at most x
///
/// x: floats of any shape → y: the same. Source: ONNX `Floor`, versions 1, 6, 13.
enum Floor: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { $0.rounded(.down) }
  }
}
