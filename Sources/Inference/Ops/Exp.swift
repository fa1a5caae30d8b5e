internal import Glibc

/// y = eˣ
///
/// x: floats of any shape → y: the same. Source: ONNX `Exp`, versions 1, 6, 13.
enum Exp: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call, kernel: .exp) { exp($0) }
  }
}
