internal import ONNXGraph

/// y = x / √(mean of x² + epsilon) · scale, the mean over `axis` (−1) and all axes after it
///
/// x: floats, [a.., b..]; scale: broadcasts to [b..] (epsilon: 1e-5) → y: as x. Source: ONNX `RMSNormalization`,
/// version 23.
enum RMSNormalization: Operator {
  static var since: Int { 23 }

  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis") ?? -1, rank: x.rank)
    let results = try Normalising.layers(
      call, x, axis: axis, epsilon: try call.epsilon(), scale: try call.input(1), shift: nil, isCentred: false
    )
    return [results[0]]
  }
}
