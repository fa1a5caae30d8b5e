internal import ONNXGraph

/// y = saturate(round(1 / (1 + e⁻ˣ) / Y_scale) + Y_zero_point), x = (X − X_zero_point) · X_scale
///
/// X: I8 or U8 of any shape; scales (F32) and zero points (0): one element → y: as X. Source: com.microsoft
/// `QLinearSigmoid`, version 1.
enum QLinearSigmoid: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try call.mapQuantised(Sigmoid.value)
  }
}

extension OperatorCall {
  /// f of real numbers, with quantised input and output: inputs x, x_scale, x_zero_point, y_scale, y_zero_point.
  func mapQuantised(_ f: @escaping (Double) -> Double) throws(OperatorError) -> [Tensor] {
    let x = try bytes(0)
    let y = try Elementwise.map(self, try quantisation(1, 2, of: x.type).real(self, x, as: .float), f)
    return [try quantisation(3, 4, of: x.type).quantised(self, y, as: x.type)]
  }
}
