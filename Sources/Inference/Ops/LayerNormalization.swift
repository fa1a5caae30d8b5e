internal import ONNXGraph

/// y = (x − mean) / √(var + epsilon) · scale + B, with mean and variance over `axis` (−1) and all axes after it
///
/// x: floats, [a.., b..]; scale, B: broadcast to [b..] (epsilon: 1e-5) → y: as x; mean and 1/√(var + epsilon): FLOAT,
/// [a.., 1..]. Source: ONNX `LayerNormalization`, version 17; ONNX Runtime writes it into models of older versions.
enum LayerNormalization: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    return try Normalising.layers(
      call, x, axis: try call.axis(try call.int("axis") ?? -1, rank: x.rank), epsilon: try call.epsilon(),
      scale: try call.input(1), shift: call.optional(2))
  }
}
