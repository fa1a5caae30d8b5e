internal import ONNXGraph

/// y = (x − mean) / √(var + epsilon) · scale + B for each channel
///
/// x: floats, [N, C, …]; scale, B, mean, var: [C] (epsilon: 1e-5) → y: as x. With `training_mode` (version 14), mean
/// and variance are computed from x over all axes but the channels, and outputs 1 and 2 are given · momentum + computed
/// · (1 − momentum) (momentum: 0.9). Source: ONNX `BatchNormalization`, versions 6, 7, 9, 14, 15.
enum BatchNormalization: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let x = try call.input(0)
    guard x.rank >= 1 else { throw call.wrong(0, "a dimension", found: "[]") }
    let channels = x.rank == 1 ? 1 : x.shape[1]
    let epsilon = try call.float("epsilon") ?? Double(1e-5 as Float)
    let scale = try call.reals(1, count: channels)
    let shift = try call.reals(2, count: channels)
    let given = (mean: try call.reals(3, count: channels), variance: try call.reals(4, count: channels))
    if call.opset < 9, try call.int("spatial") == 0 {
      throw .unsupported("one mean for all pixels of a channel", found: "spatial = 0")
    }
    guard call.opset >= 14, try call.flag("training_mode") else {
      if call.wants(1) {
        throw .unsupported("a network that is not being trained", found: "outputs of statistics")
      }
      return [
        try Normalising.perChannel(call, x, channels, given.mean, given.variance, scale, shift, epsilon)
      ]
    }
    let own = try Normalising.statistics(call, x, channels)
    let momentum = try call.float("momentum") ?? Double(0.9 as Float)
    func running(_ given: [Double], _ own: [Double]) throws(OperatorError) -> Tensor {
      let tensor = try call.make(.double, [channels])
      for channel in 0..<channels {
        tensor.values(Double.self)[channel] = given[channel] * momentum + own[channel] * (1 - momentum)
      }
      return try Casting.cast(call, tensor, to: try call.input(3).type)
    }
    return [
      try Normalising.perChannel(call, x, channels, own.mean, own.variance, scale, shift, epsilon),
      try running(given.mean, own.mean), try running(given.variance, own.variance),
    ]
  }
}
