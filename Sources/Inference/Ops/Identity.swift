/// y = x
///
/// x: anything → y: the same. Source: ONNX `Identity`, versions 1, 13, 14, 16, 19, 21, 23, 24, 25.
enum Identity: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] { [try call.input(0)] }
}
