internal import ONNXGraph

/// y = numbers of a normal distribution with `mean` (0) and standard deviation `scale` (1)
///
/// y: floats of the type `dtype` (FLOAT) and the shape `shape`. The numbers are those of `RandomStream`, not those of
/// NumPy or ONNX Runtime. Source: ONNX `RandomNormal`, versions 1, 22.
enum RandomNormal: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    guard let shape = try call.ints("shape") else { throw call.wrongAttribute("shape", "whole numbers") }
    return try RandomTensors.normal(call, try call.type("dtype") ?? .float, shape)
  }
}
