/// C = saturate(round((A − A_zero_point) · (B − B_zero_point) · (A_scale · B_scale / C_scale) + C_zero_point))
///
/// A, B: I8 or U8, of one type; shapes broadcast; scales (F32) and zero points (0): one element → C: the shape they
/// broadcast to. Source: com.microsoft `QLinearMul`, version 1.
enum QLinearMul: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let a = try call.bytes(0)
    let b = try call.input(3, type: a.type)
    let (left, right) = (try call.quantisation(1, 2, of: a.type), try call.quantisation(4, 5, of: a.type))
    let product = try Elementwise.binary(
      Mul.self, call, try IntegerProducts.Operand(tensor: a, zero: left.zero).centred(call),
      try IntegerProducts.Operand(tensor: b, zero: right.zero).centred(call))
    let y = try call.quantisation(6, 7, of: a.type)
    let scale = try Elementwise.binary(Mul.self, call, left.scale, right.scale)
    let factor = try Elementwise.binary(Div.self, call, scale, y.scale)
    let c = try IntegerProducts.requantised(
      call, product, by: factor, zero: y.zero, as: a.type, roundsLast: true)
    return [c]
  }
}
