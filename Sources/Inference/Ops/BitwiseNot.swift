/// y = ~x: every bit inverted
///
/// x: integers of any shape → y: the same. Source: ONNX `BitwiseNot`, version 18.
enum BitwiseNot: Operator, IntegerArithmetic, UnaryArithmetic {
  static var since: Int { 18 }

  @inline(__always) static func integers<W: FixedWidthInteger>(_ x: W) -> W { ~x }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    _ = try call.integerInput(0)
    return try Elementwise.unary(Self.self, call)
  }
}
