/// y = whether x is NaN
///
/// x: floats of any shape → y: BOOL, the same shape. Source: ONNX `IsNaN`, versions 9, 13, 20.
enum IsNaN: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.test(call) { $0.isNaN }
  }
}
