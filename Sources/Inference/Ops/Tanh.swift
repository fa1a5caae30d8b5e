internal import Glibc

/// y = tanh(x)
///
/// x: floats of any shape → y: the same. Source: ONNX `Tanh`, versions 1, 6, 13.
enum Tanh: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call, kernel: .tanh) { tanh($0) }
  }
}
