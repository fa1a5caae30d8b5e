/// y = x / (1 + e^(−alpha · x)) (alpha: 1.702)
///
/// x: floats of any shape → y: the same. Source: ONNX Runtime `QuickGelu`, version 1.
enum QuickGelu: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let alpha = try call.float("alpha") ?? Double(1.702 as Float)
    return try Elementwise.map(call, kernel: .swish(scale: Float(alpha))) { Swish.value($0, alpha) }
  }
}
