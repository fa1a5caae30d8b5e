internal import ONNXGraph

/// y = (a = b)
///
/// a, b: numbers, booleans or text of one kind; shapes broadcast → y: BOOL. Source: ONNX `Equal`, versions 1, 7, 11, 13,
/// 19 (text).
enum Equal: Operator, Comparison {
  @inline(__always) static func holds<W: WideNumber>(_ a: W, _ b: W) -> Bool { a == b }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    if try call.input(0).type == .bool { return try Predicates.logical(call, ==) }
    if try call.input(0).type == .string {
      // Equal texts have equal numbers in the session's table of texts.
      let (a, b) = (try call.input(0), try call.input(1, type: .string))
      let y = try call.make(.bool, try Layout.broadcast([a.shape, b.shape]))
      try Predicates.zip(a, b, y, Int64.self, ==)
      return [y]
    }
    return try Predicates.compare(Self.self, call)
  }
}
