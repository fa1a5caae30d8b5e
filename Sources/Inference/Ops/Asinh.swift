internal import Glibc

/// y = arsinh x
///
/// x: floats of any shape → y: the same. Source: ONNX `Asinh`, versions 9, 22.
enum Asinh: Operator {
  static var since: Int { 9 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { asinh($0) }
  }
}
