internal import Glibc

/// y = ln x
///
/// x: floats of any shape → y: the same. Source: ONNX `Log`, versions 1, 6, 13.
enum Log: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    try Elementwise.map(call) { log($0) }
  }
}
