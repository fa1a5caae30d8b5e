internal import Glibc

/// y = x · tanh(ln(1 + eˣ))
///
/// x: floats of any shape → y: the same. Source: ONNX `Mish`, versions 18, 22.
enum Mish: Operator {
  static var since: Int { 18 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { $0 * tanh(Softplus.value($0)) }
  }
}
