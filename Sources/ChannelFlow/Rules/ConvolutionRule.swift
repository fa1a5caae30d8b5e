internal import Inference
internal import ONNXGraph

/// Convolutions: output channels have the weight's labels, input channels the labels of the values.
enum ConvolutionRule {
  static func convolution(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try apply(call, isTransposed: false)
  }

  static func transposed(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try apply(call, isTransposed: true)
  }

  private static func apply(_ call: FlowCall, isTransposed: Bool) throws(FlowError) -> [FlowValue] {
    let (x, w) = (try call.input(0), try call.input(1))
    call.keepsZeros = true
    guard let weights = w.shape, let shape = x.shape, weights.count >= 3 else {
      return try call.unknownExtents()
    }
    let groups = max(1, call.int("group") ?? 1)
    guard groups <= 1 << 24, weights[0] % groups == 0 else {
      throw call.refusal("groups that divide \(weights[0]) channels", "\(groups)")
    }
    for dimension in 2..<weights.count {
      try call.stop(try call.labels(1, dimension), "a kernel stays whole")
      try call.stop(try call.labels(0, dimension), "\(call.node.shown) slides along it")
    }
    let (input, output) = isTransposed ? (0, 1) : (1, 0)
    // w is [C, K / groups] if transposed, otherwise [K, C / groups].
    let channels = isTransposed ? weights[0] : groups * weights[1]
    guard shape.count == weights.count, shape[1] == channels else {
      throw call.refusal("\(channels) channels", "\(shape)")
    }
    if x.isRaw, !call.context.options.cutsFirst {
      call.fix(try call.labels(1, output), "\(call.node.shown) is a first layer")
    }
    let made: (labels: [ChannelLabel]?, dimension: Int) =
      groups == 1
      ? (try plain(call, input, output), output)
      : try GroupedConvolution(
        call, groups: groups, input: input, output: output, isTransposed: isTransposed, weights: weights
      ).apply()
    let labels = try call.meet(made.labels, of: FlowPlace(index: 1, dimension: made.dimension), 2, 0)
    let kernel = Array(weights[2...])
    let spatial =
      isTransposed ? Extents.transposed(call, shape, kernel) : Extents.windows(call, shape, kernel)
    let count = isTransposed ? groups * weights[1] : weights[0]
    var result = FlowValue(spatial.map { [shape[0], count] + $0 })
    result.factors = LabelFactor.list(try call.labels(0, 0), 0)
    result.factors += LabelFactor.list(labels, 1)
    result.isConstant = x.isConstant && w.isConstant
    return [result]
  }

  private static func plain(
    _ call: FlowCall, _ input: Int, _ output: Int
  ) throws(FlowError) -> [ChannelLabel]? {
    try call.contract(0, 1, 1, input)
    return try call.labels(1, output)
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
