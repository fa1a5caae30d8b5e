internal import CKernels

/// y = a + b
///
/// a, b: numbers of one kind; shapes broadcast (before version 7: with `broadcast` and `axis`) → y: the shape they
/// broadcast to; integers modulo 2ⁿ. Source: ONNX `Add`, versions 1, 6, 7, 13, 14.
enum Add: ArithmeticOperator {
  @inline(__always) static func floats(_ a: Double, _ b: Double) -> Double { a + b }
  @inline(__always) static func integers<W: FixedWidthInteger>(_ a: W, _ b: W) -> W { a &+ b }
  static var kernel: tessera_operator? { tessera_add }
}
