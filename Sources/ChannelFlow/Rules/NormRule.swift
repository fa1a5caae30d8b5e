internal import Inference
internal import ONNXGraph

/// Norms: a norm of single channels passes their labels on; a norm over several channels keeps them whole.
enum NormRule {
  static func batch(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    call.keepsZeros = true
    let count = call.node.outputs.count
    let isTraining = call.opset >= 14 ? call.int("training_mode") == 1 : count > 1
    // Moments of the batch are those of each channel. With `spatial` 0, each position has weights of its own.
    if isTraining || call.opset < 9 && call.int("spatial") == 0 {
      let rank = try call.input(0).rank
      try mix(call, 0..<min(1, rank))
      try mix(call, min(2, rank)..<rank)
    }
    let y = try perChannel(call, weights: 1...4)[0]
    guard count > 1, let shape = y.shape else { return [y] }
    var moments = FlowValue([shape[1]])
    moments.factors = LabelFactor.list(try call.labels(0, 1), 0)
    call.keepsZeros = false
    return [y] + [FlowValue](repeating: moments, count: count - 1)
  }

  static func instance(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    call.keepsZeros = true
    return try perChannel(call, weights: 1...2)
  }

  private static func perChannel(_ call: FlowCall, weights: ClosedRange<Int>) throws(FlowError) -> [FlowValue]
  {
    let rank = try call.input(0).rank
    guard rank >= 2 else { return try call.unknownExtents() }
    let x = try call.labels(0, 1)
    for index in weights { _ = try call.meet(x, of: FlowPlace(index: 0, dimension: 1), index, 0) }
    if call.node.operation == "InstanceNormalization" { try mix(call, 2..<max(2, rank)) }
    var result = try call.input(0).computed
    result.isRaw = false
    return [result]
  }

  static func layer(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let rank = try call.input(0).rank
    guard let first = call.axis(call.int("axis") ?? -1, rank: rank) else { return try call.unknownExtents() }
    try mix(call, first..<rank)
    for index in call.inputs.indices.dropFirst() {
      guard let weight = call.optional(index) else { continue }
      for dimension in 0..<weight.rank where weight.shape?[dimension] != 1 {
        guard rank >= weight.rank else { return try call.unknownExtents() }
        try call.stop(try call.labels(index, dimension), mixes(call))
      }
    }
    let y = try call.input(0).computed
    // The moments: [a.., 1..].
    return [y] + call.node.outputs.dropFirst().map { _ in y.reduced(Array(first..<rank), isKept: true) }
  }

  static func group(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try mix(call, 1..<max(2, try call.input(0).rank))
    for index in 1...2 { try call.stop(try call.labels(index, 0), mixes(call)) }
    return [try call.input(0).computed]
  }

  static func response(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try mix(call, 1..<2)
    return [try call.input(0).computed]
  }

  static func softmax(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try softmax(call, opset: call.opset)
  }

  /// The attribute `opset` says which version of `Softmax` is meant.
  static func quantisedSoftmax(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let opset = call.int("opset") else { return try call.unknownExtents() }
    return try softmax(call, opset: opset)
  }

  private static func softmax(_ call: FlowCall, opset: Int) throws(FlowError) -> [FlowValue] {
    let rank = try call.input(0).rank
    let isOld = opset < 13
    guard let axis = call.axis(call.int("axis") ?? (isOld ? 1 : -1), rank: rank) else {
      return try call.unknownExtents()
    }
    // Before version 13, the norm is over the axis and all dimensions after it.
    try mix(call, axis..<(isOld ? rank : axis + 1))
    return [try call.input(0).computed]
  }

  /// Stops the labels of these dimensions: every channel contributes to every result.
  static func mix(_ call: FlowCall, _ dimensions: Range<Int>) throws(FlowError) {
    for dimension in dimensions { try call.stop(try call.labels(0, dimension), mixes(call)) }
  }

  static func mixes(_ call: FlowCall) -> String {
    "\(call.node.shown) mixes its channels, but not by a weighted sum"
  }
}

extension FlowValue {
  /// The value without its known elements and counts.
  var computed: FlowValue {
    var value = self
    value.known = nil
    value.denseKnown = nil
    value.constant = nil
    value.counted = []
    value.isZero = false
    return value
  }
}
