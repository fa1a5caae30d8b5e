/// y = (x − x_zero_point) · x_scale
///
/// As ONNX's `DequantizeLinear`, from before it had 16 and 4 bits. Source: com.microsoft `DequantizeLinear`, version 1.
enum MicrosoftDequantizeLinear: MicrosoftOperator {
  static var name: String { "DequantizeLinear" }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try DequantizeLinear.evaluate(call)
  }
}
