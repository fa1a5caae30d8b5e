/// y = −x
///
/// x: numbers of any kind and shape → y: the same; the least integer maps to itself. Source: ONNX `Neg`, versions 1, 6,
/// 13.
enum Neg: Operator, UnaryArithmetic {
  @inline(__always) static func floats(_ x: Double) -> Double { -x }
  @inline(__always) static func integers<W: FixedWidthInteger>(_ x: W) -> W { 0 &- x }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.unary(Self.self, call, kernel: .negative)
  }
}
