/// y = x
///
/// x: a tensor, a sequence (version 14) or an optional (version 16) → y: the same. Source: ONNX `Identity`, versions 1,
/// 13, 14, 16, 19, 21, 23, 24, 25.
enum Identity: ValueOperator {
  static func values(_ call: OperatorCall) throws(OperatorError) -> [Value] { [try call.required(0)] }
}
