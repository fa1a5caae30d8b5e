/// y = saturate(round(x / y_scale) + y_zero_point)
///
/// As ONNX's `QuantizeLinear`, from before it had 16 and 4 bits. Source: com.microsoft `QuantizeLinear`, version 1.
enum MicrosoftQuantizeLinear: MicrosoftOperator {
  static var name: String { "QuantizeLinear" }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try QuantizeLinear.evaluate(call)
  }
}
