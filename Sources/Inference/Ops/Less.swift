/// y = (a < b)
///
/// a, b: numbers of one kind; shapes broadcast → y: BOOL. Source: ONNX `Less`, versions 1, 7, 9, 13.
enum Less: Operator, Comparison {
  @inline(__always) static func holds<W: WideNumber>(_ a: W, _ b: W) -> Bool { a < b }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Predicates.compare(Self.self, call)
  }
}
