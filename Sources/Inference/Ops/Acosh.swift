internal import Glibc

/// y = arcosh x; NaN below 1
///
/// x: floats of any shape → y: the same. Source: ONNX `Acosh`, versions 9, 22.
enum Acosh: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { acosh($0) }
  }
}
