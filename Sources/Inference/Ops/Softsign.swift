/// y = x / (1 + |x|)
///
/// x: floats of any shape → y: the same. Source: ONNX `Softsign`, versions 1, 22.
enum Softsign: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { $0 / (1 + abs($0)) }
  }
}
