/// y = a or b
///
/// a, b: BOOL; shapes broadcast → y: BOOL. Source: ONNX `Or`, versions 1, 7.
enum Or: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Predicates.logical(call) { $0 || $1 }
  }
}
