internal import Inference
internal import ONNXGraph

/// Operators that mix the positions of some axes; the labels of other axes continue.
extension NormRule {
  /// Stops the labels of these axes, and passes the others on.
  private static func along(_ call: FlowCall, _ axes: [Int]) throws(FlowError) -> [FlowValue] {
    let rank = try call.input(0).rank
    let places = axes.compactMap { call.axis($0, rank: rank) }
    guard places.count == axes.count else { return try call.unknownExtents() }
    for place in places { try mix(call, place..<place + 1) }
    try call.resolve(0)
    return [try call.input(0).computed]
  }

  static func lp(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try along(call, [call.int("axis") ?? -1])
  }

  static func meanVariance(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try along(call, call.ints("axes") ?? [0, 2, 3])
  }

  /// `ai.onnx.ml.Normalizer`: the norm of each row, or of the only one.
  static func rows(_ call: FlowCall) throws(FlowError) -> [FlowValue] { try along(call, [-1]) }

  /// Numbers for each feature are in attributes; one number is for all.
  static func features(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let isOfFeatures = call.node.attributes.values.contains { value in
      switch value {
      case .floats(let list): list.count > 1
      case .ints(let list): list.count > 1
      default: false
      }
    }
    return isOfFeatures ? try along(call, [-1]) : try UnaryRule.plain(call)
  }

  static func cumulative(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let axis = call.integers(1)?.first else {
      let shape = try call.input(0).shape
      _ = try call.unknownExtents()
      return [FlowValue(shape)]
    }
    return try along(call, [axis])
  }

  /// Each sample has its own length, so neither samples nor times can be cut.
  static func reverse(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try call.stop(call.optional(1), "\(call.node.shown) reads lengths from it")
    let outputs = try along(call, [0, 1])
    call.keepsZeros = true
    return outputs
  }

  /// A cache, and an update that is written along an axis.
  static func scatter(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let (cache, update) = (try call.input(0), try call.input(1))
    guard let shape = cache.shape, update.rank == shape.count,
      let axis = call.axis(call.int("axis") ?? -2, rank: shape.count)
    else { return try call.unknownExtents() }
    for dimension in Set([0, axis]) {
      for index in [0, 1] {
        try call.stop(
          try call.labels(index, dimension), "\(call.node.shown) writes positions for each sample")
      }
    }
    try call.stop(call.optional(2), "\(call.node.shown) reads positions from it")
    var result = try call.input(0).computed
    result.factors = []
    for dimension in shape.indices where dimension != axis && dimension != 0 && shape[dimension] != 1 {
      let places = [0, 1].map { (index: $0, dimension: dimension) }
      let labels = try call.together(places)
      try call.selectTogether(places, labels)
      result.factors += LabelFactor.list(labels, dimension)
    }
    return [result]
  }

  /// x + skip + bias, normalised over the last axis.
  static func skip(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let shape = try call.input(0).shape, let last = shape.indices.last,
      let skip = try call.input(1).shape,
      skip.count <= shape.count
    else { return try call.unknownExtents() }
    let shift = shape.count - skip.count
    try mix(call, last..<last + 1)
    for index in call.inputs.indices.dropFirst() {
      guard let value = call.optional(index), value.rank > 0 else { continue }
      try call.stop(try call.labels(index, value.rank - 1), mixes(call))
    }
    var y = try call.input(0).computed
    y.factors = []
    for dimension in shape.indices where dimension != last && shape[dimension] != 1 {
      var places = [(index: 0, dimension: dimension)]
      if dimension >= shift, skip[dimension - shift] != 1 { places.append((1, dimension - shift)) }
      let labels = try call.together(places)
      try call.selectTogether(places, labels)
      y.factors += LabelFactor.list(labels, dimension)
    }
    let moments = y.reduced([last], isKept: true)
    return [y, moments, moments, y]
  }

  /// Each channel has its own kernel, bias and past.
  static func causalConvolution(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let shape = try call.input(0).shape, let kernel = try call.input(1).shape, shape.count == 3,
      kernel.count == 3, kernel[0] == shape[1], kernel[1] == 1
    else { return try call.unknownExtents() }
    for dimension in [0, 2] {
      try call.stop(try call.labels(0, dimension), "\(call.node.shown) slides along each sample")
      try call.stop(try call.labels(3, dimension), "\(call.node.shown) slides along each sample")
    }
    try call.stop(try call.labels(1, 2), "a kernel stays whole")
    let x = try call.labels(0, 1)
    for (index, dimension) in [(1, 0), (2, 0), (3, 1)] {
      _ = try call.meet(x, of: FlowPlace(index: 0, dimension: 1), index, dimension)
    }
    let y = try call.input(0).computed
    var present = y
    let width = (kernel[2] - 1) * min(max(1, call.int("dilation") ?? 1), 1 << 24)
    present.shape = [shape[0], shape[1], max(0, width)]
    call.keepsZeros = false
    return [y, present]
  }
}
