internal import Glibc

/// y = max(0, x) + min(0, alpha · (e^(x/alpha) − 1)) (alpha: 1)
///
/// x: floats of any shape → y: the same. Source: ONNX `Celu`, versions 12, 28.
enum Celu: Operator {
  static var since: Int { 12 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let alpha = try call.float("alpha") ?? 1
    return try Elementwise.map(call) { x in
      // Each part is 0 for one sign; NaN stays.
      (x < 0 ? 0 : x) + Swift.min(0, alpha * expm1(x / alpha))
    }
  }
}
