internal import Glibc

/// y = ln(1 + eˣ)
///
/// x: floats of any shape → y: the same. Source: ONNX `Softplus`, versions 1, 22.
enum Softplus: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call, value)
  }

  /// Above 40, ln(1 + eˣ) equals x in all digits, and eˣ may overflow.
  static func value(_ x: Double) -> Double { x > 40 ? x : log1p(exp(x)) }
}
