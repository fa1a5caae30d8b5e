/// y = s/2 · (1 + tanh(√(2/π) · (s + 0.044715 s³))) for s = x + b
///
/// x: floats, [.., n]; b: [n] (0) → y: as x. Source: ONNX Runtime `FastGelu`, version 1.
enum FastGelu: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let sum = call.optional(1) == nil ? x : try call.biased(x, by: 1)
    return [try Elementwise.map(call, sum, kernel: .geluTanh, Gelu.approximation)]
  }
}
