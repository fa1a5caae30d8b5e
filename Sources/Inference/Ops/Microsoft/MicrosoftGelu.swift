/// y = x/2 · (1 + erf(x/√2))
///
/// x: floats of any shape → y: the same. Source: ONNX Runtime `Gelu`, version 1.
enum MicrosoftGelu: MicrosoftOperator {
  static var name: String { "Gelu" }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call, kernel: .gelu, Gelu.value)
  }
}
