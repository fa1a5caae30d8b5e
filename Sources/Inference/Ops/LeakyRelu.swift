/// y = x for x ≥ 0, otherwise alpha · x (alpha: 0.01)
///
/// x: floats of any shape → y: the same. Source: ONNX `LeakyRelu`, versions 1, 6, 16.
enum LeakyRelu: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let slope = try call.float("alpha") ?? 0.01
    return try Elementwise.map(call, kernel: .leaky(slope: Float(slope)), try function(call))
  }

  static func function(_ call: OperatorCall) throws(OperatorError) -> (Double) -> Double {
    let alpha = try call.float("alpha") ?? 0.01
    return { $0 < 0 ? alpha * $0 : $0 }
  }
}
