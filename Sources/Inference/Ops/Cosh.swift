internal import Glibc

/// y = cosh x
///
/// x: floats of any shape → y: the same. Source: ONNX `Cosh`, versions 9, 22.
enum Cosh: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { cosh($0) }
  }
}
