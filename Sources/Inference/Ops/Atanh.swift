internal import Glibc

/// y = artanh x; ±∞ at ±1, NaN beyond
///
/// x: floats of any shape → y: the same. Source: ONNX `Atanh`, versions 9, 22.
enum Atanh: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { atanh($0) }
  }
}
