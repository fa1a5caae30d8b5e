internal import Glibc

/// y = sin x
///
/// x: floats of any shape, in radians → y: the same. Source: ONNX `Sin`, versions 7, 22.
enum Sin: Operator {
  static var since: Int { 7 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { sin($0) }
  }
}
