internal import ONNXGraph

/// y = whether x is +∞ (detect_positive: 1) or −∞ (detect_negative: 1)
///
/// x: floats of any shape → y: BOOL, the same shape. Source: ONNX `IsInf`, versions 10, 20.
enum IsInf: Operator {
  static var since: Int { 10 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let (positive, negative) = (
      try call.flag("detect_positive", default: true), try call.flag("detect_negative", default: true)
    )
    return try Elementwise.test(call) { $0.isInfinite && ($0 > 0 ? positive : negative) }
  }
}
