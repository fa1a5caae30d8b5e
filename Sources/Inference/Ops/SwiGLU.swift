internal import ONNXGraph

/// y = a / (1 + e^(−alpha · a)) · b (alpha: 1)
///
/// a, b: floats of one type and shape → y: the same. Source: ONNX `SwiGLU`, version 28.
enum SwiGLU: Operator {
  static var since: Int { 28 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let gate = try call.input(0)
    let b = try call.input(1)
    guard b.shape == gate.shape else {
      throw call.wrong(1, "the shape \(shapeText(gate.shape))", found: shapeText(b.shape))
    }
    return [try Elementwise.binary(Mul.self, call, try Swish.evaluate(call)[0], b)]
  }
}
