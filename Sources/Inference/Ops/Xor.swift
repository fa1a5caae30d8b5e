/// y = a or b, but not both
///
/// a, b: BOOL; shapes broadcast → y: BOOL. Source: ONNX `Xor`, versions 1, 7.
enum Xor: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Predicates.logical(call, !=)
  }
}
