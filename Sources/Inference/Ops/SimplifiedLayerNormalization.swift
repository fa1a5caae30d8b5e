internal import ONNXGraph

/// y = x / √(mean of x² + epsilon) · scale, the mean over `axis` (−1) and all axes after it
///
/// x: floats, [a.., b..]; scale: floats, broadcasts to [b..] (epsilon: 1e-5) → y: the shape of x and the type of scale;
/// 1/√(mean of x² + epsilon): FLOAT, [a.., 1..]. ONNX has no such operator; ONNX Runtime writes it into the same domain,
/// for models of any version. Source: ONNX Runtime `SimplifiedLayerNormalization`, version 1.
enum SimplifiedLayerNormalization: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis") ?? -1, rank: x.rank)
    let scale = try call.input(1)
    let results = try Normalising.layers(
      call, x, axis: axis, epsilon: try call.epsilon(), scale: scale, shift: nil, isCentred: false,
      as: scale.type)
    return [results[0], results[2]]
  }
}
