internal import Glibc

/// y = arccos x, in [0, π]; NaN outside [−1, 1]
///
/// x: floats of any shape → y: the same. Source: ONNX `Acos`, versions 7, 22.
enum Acos: Operator {
  static var since: Int { 7 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { acos($0) }
  }
}
