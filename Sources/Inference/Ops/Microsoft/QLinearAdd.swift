internal import ONNXGraph

/// C = saturate(round(((A − A_zero_point) · A_scale + (B − B_zero_point) · B_scale) / C_scale + C_zero_point))
///
/// A, B: I8 or U8, of one type; shapes broadcast; scales (F32) and zero points (0): one element → C: the shape they
/// broadcast to. Source: com.microsoft `QLinearAdd`, version 1.
enum QLinearAdd: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let a = try call.bytes(0)
    let b = try call.input(3, type: a.type)
    let sum = try Elementwise.binary(
      Add.self, call, try call.quantisation(1, 2, of: a.type).real(call, a, as: .float),
      try call.quantisation(4, 5, of: a.type).real(call, b, as: .float))
    return [try call.quantisation(6, 7, of: a.type).quantised(call, sum, as: a.type, roundsLast: true)]
  }
}
