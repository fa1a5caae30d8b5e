internal import ONNXGraph

/// y = numbers of a uniform distribution from `low` (0) to below `high` (1)
///
/// y: floats of the type `dtype` (FLOAT) and the shape `shape`. The numbers are those of `RandomStream`, not those of
/// NumPy or ONNX Runtime. Source: ONNX `RandomUniform`, versions 1, 22.
enum RandomUniform: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    guard let shape = try call.ints("shape") else { throw call.wrongAttribute("shape", "whole numbers") }
    return try RandomTensors.uniform(call, try call.type("dtype") ?? .float, shape)
  }
}
