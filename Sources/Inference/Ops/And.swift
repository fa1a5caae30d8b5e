/// y = a and b
///
/// a, b: BOOL; shapes broadcast → y: BOOL. Source: ONNX `And`, versions 1, 7.
enum And: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Predicates.logical(call) { $0 && $1 }
  }
}
