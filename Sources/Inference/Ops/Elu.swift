internal import Glibc

/// y = x for x > 0, otherwise alpha · (eˣ − 1) (alpha: 1)
///
/// x: floats of any shape → y: the same. Source: ONNX `Elu`, versions 1, 6, 22.
enum Elu: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let alpha = try call.float("alpha") ?? 1
    return try Elementwise.map(call) { $0 < 0 ? alpha * expm1($0) : $0 }
  }
}
