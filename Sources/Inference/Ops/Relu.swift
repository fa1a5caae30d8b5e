/// y = max(0, x)
///
/// x: numbers of any kind and shape → y: the same. Source: ONNX `Relu`, versions 1, 6, 13, 14 (integers).
enum Relu: Operator, UnaryArithmetic {
  @inline(__always) static func floats(_ x: Double) -> Double { x < 0 ? 0 : x }
  @inline(__always) static func integers<W: FixedWidthInteger>(_ x: W) -> W { x < 0 ? 0 : x }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.unary(Self.self, call, kernel: .relu)
  }
}
