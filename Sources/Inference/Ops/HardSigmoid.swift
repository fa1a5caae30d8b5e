/// y = min(max(alpha · x + beta, 0), 1) (alpha: 0.2, beta: 0.5)
///
/// x: floats of any shape → y: the same. Source: ONNX `HardSigmoid`, versions 1, 6, 22.
enum HardSigmoid: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let alpha = try call.float("alpha") ?? Double(0.2 as Float)
    let beta = try call.float("beta") ?? 0.5
    return try Elementwise.map(call, kernel: .hardSigmoid(slope: Float(alpha), shift: Float(beta))) {
      (alpha * $0 + beta).clamped(0, 1)
    }
  }
}
