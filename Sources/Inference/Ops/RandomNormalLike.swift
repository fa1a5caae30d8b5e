internal import ONNXGraph

/// y = numbers of a normal distribution with `mean` (0) and standard deviation `scale` (1)
///
/// x: any type and shape → y: x's shape, floats of the type `dtype` (default: x's). The numbers are those of
/// `RandomStream`, not those of NumPy or ONNX Runtime. Source: ONNX `RandomNormalLike`, versions 1, 22.
enum RandomNormalLike: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    return try RandomTensors.normal(call, try call.type("dtype") ?? x.type, x.shape)
  }
}
