/// y = x for x > alpha, otherwise 0 (alpha: 1)
///
/// x: floats of any shape → y: the same. Source: ONNX `ThresholdedRelu`, versions 10, 22.
enum ThresholdedRelu: Operator {
  static var since: Int { 10 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let alpha = try call.float("alpha") ?? 1
    return try Elementwise.map(call) { $0 > alpha ? $0 : 0 }
  }
}
