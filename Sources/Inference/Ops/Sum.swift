/// y = the sum of all inputs
///
/// Inputs: one or more floats; shapes broadcast since version 8 → y: the shape they broadcast to. Source: ONNX `Sum`,
/// versions 1, 6, 8, 13.
enum Sum: VariadicOperator {
  @inline(__always) static func floats(_ a: Double, _ b: Double) -> Double { a + b }
  @inline(__always) static func integers<W: FixedWidthInteger>(_ a: W, _ b: W) -> W { a &+ b }
}
