/// y = saturate(round(f(x) / Y_scale) + Y_zero_point), x = (X − X_zero_point) · X_scale, f(x) = x for x ≥ 0, otherwise
/// alpha · x (alpha: 0.01)
///
/// X: I8 or U8 of any shape; scales (F32) and zero points (0): one element → y: as X. Source: com.microsoft
/// `QLinearLeakyRelu`, version 1.
enum QLinearLeakyRelu: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try call.mapQuantised(try LeakyRelu.function(call))
  }
}
