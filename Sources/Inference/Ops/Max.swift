internal import CKernels

/// y = the greatest of all inputs; NaN if one is NaN
///
/// Inputs: one or more, of one kind; shapes broadcast since version 8 → y: the shape they broadcast to. Source: ONNX
/// `Max`, versions 1, 6, 8, 12, 13.
enum Max: VariadicOperator {
  @inline(__always) static func floats(_ a: Double, _ b: Double) -> Double {
    a.isNaN || b.isNaN ? .nan : b > a ? b : a
  }
  @inline(__always) static func integers<W: FixedWidthInteger>(_ a: W, _ b: W) -> W { b > a ? b : a }
  static var kernel: tessera_operator? { tessera_maximum }
}
