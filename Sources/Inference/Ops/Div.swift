internal import CKernels

/// y = a / b; integers are rounded towards zero
///
/// a, b: numbers of one kind; shapes broadcast (before version 7: with `broadcast` and `axis`) → y: the shape they
/// broadcast to. The specification does not define an integer divided by zero; here it is 0. Source: ONNX `Div`,
/// versions 1, 6, 7, 13, 14.
enum Div: ArithmeticOperator {
  @inline(__always) static func floats(_ a: Double, _ b: Double) -> Double { a / b }
  @inline(__always) static func integers<W: FixedWidthInteger>(_ a: W, _ b: W) -> W {
    b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue
  }
  static var kernel: tessera_operator? { tessera_divide }
}
