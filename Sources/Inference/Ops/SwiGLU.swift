internal import Glibc

/// y = a / (1 + e^(−alpha · a)) · b (alpha: 1)
///
/// a, b: floats of one type and one shape → y: the same. Source: ONNX `SwiGLU`, version 28, with its intermediate
/// rounding: it is defined as a `Swish` followed by a `Mul`.
enum SwiGLU: Operator {
  static var since: Int { 28 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let (a, b) = (try call.input(0), try call.input(1))
    guard a.shape == b.shape else {
      throw call.wrong(1, "the shape \(shapeText(a.shape)) of the first input", found: shapeText(b.shape))
    }
    let alpha = try call.float("alpha") ?? 1
    let gate = try Elementwise.map(call) { $0 / (1 + exp(-alpha * $0)) }
    return [try Elementwise.binary(Mul.self, call, gate[0], b)]
  }
}
