internal import Glibc

/// y = ln(1 + eˣ)
///
/// x: floats of any shape → y: the same. Source: ONNX `Softplus`, versions 1, 22.
enum Softplus: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call, value)
  }

  /// eˣ overflows where ln(1 + eˣ) is x to every digit.
  static func value(_ x: Double) -> Double { x > 40 ? x : log1p(exp(x)) }
}
