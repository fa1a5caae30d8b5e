internal import Inference
internal import ONNXGraph

/// Norms: those of single channels go with their channels, those over channels keep them whole.
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
    var result = try call.input(0)
    guard result.rank >= 2 else {
      for index in call.inputs.indices {
        call.fixAll(index, "the extents at \(call.node.shown) are not known")
      }
      return [.unknown]
    }
    let x = try call.labels(0, 1)
    for index in weights { _ = try call.meet(x, index, 0) }
    result = try call.input(0)
    if call.node.operation == "InstanceNormalization" {
      for dimension in 2..<max(2, result.rank) { call.fix(try call.labels(0, dimension), mixes(call)) }
    }
    result.isRaw = false
    return [result.computed] + call.node.outputs.dropFirst().map { _ in .unknown }
  }

  static func layer(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let x = try call.input(0)
    if let first = call.axis(call.int("axis") ?? -1, rank: x.rank) {
      for dimension in first..<x.rank { call.fix(try call.labels(0, dimension), mixes(call)) }
      for index in 1..<max(1, call.inputs.count) {
        guard let weight = call.optional(index) else { continue }
        for dimension in 0..<weight.rank where weight.shape?[dimension] != 1 {
          _ = try call.follow(
            try call.labels(0, x.rank - weight.rank + dimension), try call.labels(index, dimension),
            "channels")
        }
      }
    }
    return [try call.input(0).computed] + call.node.outputs.dropFirst().map { _ in .unknown }
  }

  static func group(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    call.fix(try call.labels(0, 1), mixes(call))
    for index in 1...2 { _ = try call.follow(try call.labels(0, 1), try call.labels(index, 0), "channels") }
    return [try call.input(0).computed]
  }

  static func response(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    call.fix(try call.labels(0, 1), mixes(call))
    return [try call.input(0).computed]
  }

  static func softmax(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let x = try call.input(0)
    let isOld = call.opset < 13
    if let axis = call.axis(call.int("axis") ?? (isOld ? 1 : -1), rank: x.rank) {
      // Before version 13 all dimensions from the axis on are one.
      for dimension in axis..<(isOld ? x.rank : axis + 1) {
        call.fix(try call.labels(0, dimension), mixes(call))
      }
    }
    return [try call.input(0).computed]
  }

  static func mixes(_ call: FlowCall) -> String {
    "\(call.node.shown) mixes its channels otherwise than by a weighted sum"
  }
}

extension FlowValue {
  /// The value without what is known of its elements.
  var computed: FlowValue {
    var value = self
    value.known = nil
    value.denseKnown = nil
    value.constant = nil
    value.isZero = false
    return value
  }
}
