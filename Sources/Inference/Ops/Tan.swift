internal import Glibc

/// y = tan x
///
/// x: floats of any shape, in radians → y: the same. Source: ONNX `Tan`, versions 7, 22.
enum Tan: Operator {
  static var since: Int { 7 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { tan($0) }
  }
}
