internal import ONNXGraph

/// y = (x − mean) / √(var + epsilon) · scale + B for each channel
///
/// x: floats, [N, C, …]; scale, B, mean, var: [C] (epsilon: 1e-5) → y: as x. With `spatial` 0 (before version 9), each
/// position of a channel has its own four numbers: they are [C, …].
///
/// In training, mean and variance are those of x over all axes but the channels, and outputs 1 and 2 are given ·
/// momentum + computed · (1 − momentum) (momentum: 0.9). A network is trained if `training_mode` is 1 or, before version
/// 14, if the node has more than one output; outputs 3 and 4 are then the computed mean and variance. Source: ONNX
/// `BatchNormalization`, versions 1, 6, 7, 9, 14, 15.
enum BatchNormalization: Operator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let given = try call.input(0)
    guard given.rank >= 1 else { throw call.wrong(0, "a dimension", found: "[]") }
    var x = given
    var call = call
    if call.opset < 9, try !call.flag("spatial", default: true) {
      // A residual would have the shape of y, which is not yet that of x.
      call.pending = nil
      x = try x.reshaped([x.shape[0], x.shape[1...].product])
    }
    let channels = x.rank == 1 ? 1 : x.shape[1]
    let epsilon = try call.float("epsilon") ?? Double(1e-5 as Float)
    let scale = try call.reals(1, count: channels)
    let shift = try call.reals(2, count: channels)
    let old = (mean: try call.reals(3, count: channels), variance: try call.reals(4, count: channels))
    let isTraining =
      call.opset >= 14 ? try call.flag("training_mode") : (1...4).contains { call.wants($0) }
    let used = isTraining ? try Normalising.statistics(call, x, channels) : old
    var results = [
      try Normalising.perChannel(call, x, channels, used.mean, used.variance, scale, shift, epsilon)
        .reshaped(given.shape)
    ]
    guard isTraining else { return results }
    let momentum = try call.float("momentum") ?? Double(0.9 as Float)
    func running(_ old: [Double], _ new: [Double]) -> [Double] {
      zip(old, new).map { $0 * momentum + $1 * (1 - momentum) }
    }
    let lists = [
      running(old.mean, used.mean), running(old.variance, used.variance), used.mean, used.variance,
    ]
    for list in lists[..<(call.opset >= 14 ? 2 : 4)] {
      let tensor = try call.make(.double, try call.input(3).shape)
      for (place, value) in list.enumerated() { tensor.values(Double.self)[place] = value }
      results.append(try Casting.cast(call, tensor, to: try call.input(3).type))
    }
    return results
  }
}
