internal import Glibc

/// y = cos x
///
/// x: floats of any shape, in radians → y: the same. Source: ONNX `Cos`, versions 7, 22.
enum Cos: Operator {
  static var since: Int { 7 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { cos($0) }
  }
}
