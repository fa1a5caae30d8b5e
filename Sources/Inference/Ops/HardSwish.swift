/// y = x · min(max(x/6 + 1/2, 0), 1)
///
/// x: floats of any shape → y: the same. Source: ONNX `HardSwish`, versions 14, 22.
enum HardSwish: Operator {
  static var since: Int { 14 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call, kernel: .hardSwish) { $0 * ($0 / 6 + 0.5).clamped(0, 1) }
  }
}
