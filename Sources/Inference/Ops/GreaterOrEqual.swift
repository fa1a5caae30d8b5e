/// y = (a ≥ b)
///
/// a, b: numbers of one kind; shapes broadcast → y: BOOL. Source: ONNX `GreaterOrEqual`, versions 12, 16.
enum GreaterOrEqual: Operator, Comparison {
  static var since: Int { 12 }
  @inline(__always) static func holds<W: WideNumber>(_ a: W, _ b: W) -> Bool { a >= b }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Predicates.compare(Self.self, call)
  }
}
