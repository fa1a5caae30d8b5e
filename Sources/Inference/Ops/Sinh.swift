internal import Glibc

/// y = sinh x
///
/// x: floats of any shape → y: the same. Source: ONNX `Sinh`, versions 9, 22.
enum Sinh: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { sinh($0) }
  }
}
