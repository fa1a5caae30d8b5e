/// y = x / (1 + e^(−alpha · x)) (alpha: 1)
///
/// x: floats of any shape → y: the same. Source: ONNX `Swish`, version 24.
enum Swish: Operator {
  static var since: Int { 24 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let alpha = try call.float("alpha") ?? 1
    return try Elementwise.map(call, kernel: .swish(scale: Float(alpha))) { value($0, alpha) }
  }

  static func value(_ x: Double, _ alpha: Double = 1) -> Double { x * Sigmoid.value(alpha * x) }
}
