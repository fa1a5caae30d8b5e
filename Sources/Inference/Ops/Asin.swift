internal import Glibc

/// y = arcsin x, in [−π/2, π/2]; NaN outside [−1, 1]
///
/// x: floats of any shape → y: the same. Source: ONNX `Asin`, versions 7, 22.
enum Asin: Operator {
  static var since: Int { 7 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { asin($0) }
  }
}
