internal import ONNXGraph

/// y = numbers of a uniform distribution from `low` (0) to below `high` (1)
///
/// x: any type and shape → y: x's shape, floats of the type `dtype` (default: x's). The numbers are those of
/// `RandomStream`, not those of NumPy or ONNX Runtime. Source: ONNX `RandomUniformLike`, versions 1, 22.
enum RandomUniformLike: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    return try RandomTensors.uniform(call, try call.type("dtype") ?? x.type, x.shape)
  }
}
