internal import Inference
internal import ONNXGraph

/// Convolutions: output channels have the weight's labels, input channels the labels of the values.
enum ConvolutionRule {
  /// Inputs of a convolution beside the values, which are input 0.
  private struct Inputs {
    var weights = 1
    var isTransposed = false
    /// Inputs with one element for each output channel.
    var perChannel = [2]
    /// Whether an absent channel adds nothing to the sums.
    var isZeroAbsent = true
  }

  static func convolution(_ call: FlowCall) throws(FlowError) -> [FlowValue] { try apply(call, Inputs()) }

  static func transposed(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try apply(call, Inputs(isTransposed: true))
  }

  static func integer(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try apply(call, Inputs(perChannel: [3], isZeroAbsent: call.isZeroPoint(2) || call.isZeroPoint(3)))
  }

  static func quantised(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try apply(
      call,
      Inputs(weights: 3, perChannel: [4, 5, 8], isZeroAbsent: call.isZeroPoint(2) || call.isZeroPoint(5)))
  }

  /// Offsets and factors decide where the values are read. They are for each group of input channels.
  static func deformable(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    for index in [2, 4] { try call.stop(call.optional(index), "\(call.node.shown) reads positions from it") }
    // Each sample has its own positions.
    try call.stop(try call.labels(0, 0), "\(call.node.shown) reads each sample at other positions")
    if call.int("offset_group") ?? 1 != 1 {
      let reason = "\(call.node.shown) reads groups of channels at other positions"
      try call.stop(try call.labels(0, 1), reason)
      try call.stop(try call.labels(1, 1), reason)
      if call.int("group") ?? 1 != 1 { try call.stop(try call.labels(1, 0), reason) }
    }
    return try apply(call, Inputs(perChannel: [3]))
  }

  /// f(Conv(x, w, b) + z)
  static func fused(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    var outputs = try apply(call, Inputs())
    call.keepsZeros = false
    guard let z = call.optional(3), let shape = outputs.first?.shape else { return outputs }
    guard z.shape == shape else { return try call.unknownExtents() }
    for dimension in shape.indices.dropFirst(2) {
      try call.stop(try call.labels(3, dimension), "\(call.node.shown) slides along it")
    }
    for dimension in 0..<2 where shape[dimension] != 1 {
      let labels = try call.labels(of: &outputs[0], dimension)
      let place = FlowPlace(index: dimension == 0 ? 0 : 1, dimension: 0)
      let joint = try call.meet(labels, of: place, 3, dimension)
      outputs[0].factors.removeAll { $0.dimensions == [dimension] }
      outputs[0].factors += LabelFactor.list(joint, dimension)
    }
    return outputs
  }

  private static func apply(_ call: FlowCall, _ inputs: Inputs) throws(FlowError) -> [FlowValue] {
    let (x, w) = (try call.input(0), try call.input(inputs.weights))
    // With a zero point, the bytes 0 of an absent channel's weights are not zero.
    call.keepsZeros = !["QLinearConv", "ConvInteger"].contains(call.node.operation)
    guard let weights = w.shape, let shape = x.shape, weights.count >= 3 else {
      return try call.unknownExtents()
    }
    let groups = max(1, call.int("group") ?? 1)
    guard groups <= 1 << 24, weights[0] % groups == 0 else {
      throw call.refusal("groups that divide \(weights[0]) channels", "\(groups)")
    }
    for dimension in 2..<weights.count {
      try call.stop(try call.labels(inputs.weights, dimension), "a kernel stays whole")
      try call.stop(try call.labels(0, dimension), "\(call.node.shown) slides along it")
    }
    let (input, output) = inputs.isTransposed ? (0, 1) : (1, 0)
    // w is [C, K / groups] if transposed, otherwise [K, C / groups].
    let channels = inputs.isTransposed ? weights[0] : groups * weights[1]
    guard shape.count == weights.count, shape[1] == channels else {
      throw call.refusal("\(channels) channels", "\(shape)")
    }
    if x.isRaw, !call.context.options.cutsFirst {
      call.fix(try call.labels(inputs.weights, output), "\(call.node.shown) is a first layer")
    }
    // A channel that is convolved by itself is not summed with others.
    if !inputs.isZeroAbsent, weights[input] != 1 {
      let reason = "\(call.node.shown) has zero points, so the bytes of absent channels are not zero"
      try call.stop(try call.labels(0, 1), reason)
      try call.stop(try call.labels(inputs.weights, input), reason)
    }
    let made: (labels: [ChannelLabel]?, dimension: Int) =
      groups == 1
      ? (try plain(call, inputs.weights, input, output), output)
      : try GroupedConvolution(
        call, weightsInput: inputs.weights, groups: groups, input: input, output: output,
        isTransposed: inputs.isTransposed, weights: weights
      ).apply()
    var labels = made.labels
    let place = FlowPlace(index: inputs.weights, dimension: made.dimension)
    for index in inputs.perChannel where call.optional(index)?.shape?.contains(where: { $0 != 1 }) == true {
      labels = try call.meet(labels, of: place, index, 0)
    }
    let kernel = Array(weights[2...])
    let spatial =
      inputs.isTransposed ? Extents.transposed(call, shape, kernel) : Extents.windows(call, shape, kernel)
    let count = inputs.isTransposed ? groups * weights[1] : weights[0]
    var result = FlowValue(spatial.map { [shape[0], count] + $0 })
    result.factors = LabelFactor.list(try call.labels(0, 0), 0)
    result.factors += LabelFactor.list(labels, 1)
    result.isConstant = x.isConstant && w.isConstant
    return [result]
  }

  private static func plain(
    _ call: FlowCall, _ weights: Int, _ input: Int, _ output: Int
  ) throws(FlowError) -> [ChannelLabel]? {
    try call.contract(0, 1, weights, input)
    return try call.labels(weights, output)
  }
}

extension LabelFactor {
  /// A list with one factor of one dimension, or an empty list.
  static func list(_ labels: [ChannelLabel]?, _ dimension: Int) -> [LabelFactor] {
    labels.map { [LabelFactor(dimensions: [dimension], labels: $0)] } ?? []
  }
}

extension FlowCall {
  /// Sums over a dimension of one input and a dimension of another. If both are cut alike, nothing else is needed;
  /// otherwise the dense node selects positions from one of them.
  func contract(_ one: Int, _ first: Int, _ other: Int, _ second: Int) throws(FlowError) {
    let (a, b) = (try labels(one, first), try labels(other, second))
    let (isWeightA, isWeightB) = (optional(one)?.isConstant == true, optional(other)?.isConstant == true)
    if !labels.isChecking, isWeightA != isWeightB, let a, let b, a.count == b.count {
      let (values, weights) = isWeightB ? (a, b) : (b, a)
      for (value, weight) in zip(values, weights) where labels.find(weight) == 0 {
        fix([value], "the weights of \(node.shown) are whole")
      }
    }
    let joint: [ChannelLabel]?
    if isWeightB, !isWeightA {
      if b == nil { fix(a, "the weights of \(node.shown) are whole") }
      joint = try follow(a, b, "channels")
    } else if isWeightA, !isWeightB {
      if a == nil { fix(b, "the weights of \(node.shown) are whole") }
      joint = try follow(b, a, "channels")
    } else {
      joint = try joined(a, b, "channels")
    }
    try end(one, first)
    try end(other, second)
    guard labels.isChecking, let joint else { return }
    let wanted = joint.map(labels.isKept)
    if wanted.allSatisfy({ $0 }) { return }
    try select(one, first, wanted)
    try select(other, second, wanted)
  }
}
