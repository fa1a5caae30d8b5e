internal import Glibc

/// y = 1 / (1 + e⁻ˣ)
///
/// x: floats of any shape → y: the same. Source: ONNX `Sigmoid`, versions 1, 6, 13.
enum Sigmoid: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call, kernel: .sigmoid, value)
  }

  static func value(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}
