/// y = s/2 · (1 + erf(s/√2)) for s = x + b
///
/// x: floats, [.., n]; b: [n] → y: as x. Source: ONNX Runtime `BiasGelu`, version 1.
enum BiasGelu: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let sum = try call.biased(try call.input(0), by: 1)
    return [try Elementwise.map(call, sum, kernel: .gelu, Gelu.value)]
  }
}
