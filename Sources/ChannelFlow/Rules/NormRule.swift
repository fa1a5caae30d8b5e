internal import Inference
internal import ONNXGraph

/// Norms: a norm of single channels passes their labels on; a norm over several channels keeps them whole.
enum NormRule {
  static func batch(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    call.keepsZeros = true
    return try perChannel(call, weights: 1...4)
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
    return [try call.input(0).computed]
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
    let rank = try call.input(0).rank
    let isOld = call.opset < 13
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
