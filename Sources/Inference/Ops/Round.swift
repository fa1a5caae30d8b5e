/// y = the whole number nearest to x, the even one if two are equally near
///
/// x: floats of any shape → y: the same. Source: ONNX `Round`, versions 11, 22.
enum Round: Operator {
  static var since: Int { 11 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { $0.rounded(.toNearestOrEven) }
  }
}
