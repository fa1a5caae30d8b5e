internal import Glibc

/// y = erf(x), the error function
///
/// x: floats of any shape → y: the same. Source: ONNX `Erf`, versions 9, 13.
enum Erf: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call, kernel: .erf) { erf($0) }
  }
}
