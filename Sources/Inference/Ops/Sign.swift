/// y = −1, 0 or 1, the sign of x
///
/// x: numbers of any kind and shape → y: the same. Source: ONNX `Sign`, versions 9, 13.
enum Sign: Operator, UnaryArithmetic {
  static var since: Int { 9 }

  @inline(__always) static func floats(_ x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : x }
  @inline(__always) static func integers<W: FixedWidthInteger>(_ x: W) -> W { x > 0 ? 1 : x < 0 ? 0 &- 1 : 0 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.unary(Self.self, call)
  }
}
