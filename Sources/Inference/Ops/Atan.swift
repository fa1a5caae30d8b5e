internal import Glibc

/// y = arctan x, in [−π/2, π/2]
///
/// x: floats of any shape → y: the same. Source: ONNX `Atan`, versions 7, 22.
enum Atan: Operator {
  static var since: Int { 7 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { atan($0) }
  }
}
