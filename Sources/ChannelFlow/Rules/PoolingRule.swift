internal import Inference
internal import ONNXGraph

/// Pooling: channels continue, windows slide along the other dimensions.
enum PoolingRule {
  static func windows(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    call.keepsZeros = true
    return try windows(call, isLast: false)
  }

  static func quantisedWindows(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try windows(call, isLast: call.int("channels_last") == 1)
  }

  /// - Parameter isLast: whether the channels are the last axis.
  private static func windows(_ call: FlowCall, isLast: Bool) throws(FlowError) -> [FlowValue] {
    guard let shape = try call.input(0).shape, let kernel = call.ints("kernel_shape"),
      shape.count == kernel.count + 2
    else { return try call.unknownExtents() }
    let spatial = isLast ? 1..<shape.count - 1 : 2..<shape.count
    for dimension in spatial {
      try call.stop(try call.labels(0, dimension), "\(call.node.shown) slides along it")
    }
    var result = try call.input(0).computed
    let usual = isLast ? [shape[0], shape[shape.count - 1]] + shape[spatial] : shape
    let extents = Extents.windows(call, usual, kernel, isCeiling: call.int("ceil_mode") == 1)
    result.shape = extents.map { isLast ? [shape[0]] + $0 + [usual[1]] : Array(shape[..<2]) + $0 }
    // The positions of the greatest elements are not followed: these numbers change with the channels.
    return [result]
  }

  static func global(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    call.keepsZeros = true
    return try global(call, isLast: false)
  }

  static func quantisedGlobal(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try global(call, isLast: call.int("channels_last") == 1)
  }

  private static func global(_ call: FlowCall, isLast: Bool) throws(FlowError) -> [FlowValue] {
    let rank = try call.input(0).rank
    guard rank >= 2 else { return try call.unknownExtents() }
    let spatial = isLast ? 1..<rank - 1 : 2..<rank
    try NormRule.mix(call, spatial)
    var result = try call.input(0).computed
    for dimension in spatial { result.shape?[dimension] = 1 }
    return [result]
  }

  /// Regions of samples: [R, 4] or [R, 5] → [R, C, height, width].
  static func regions(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let shape = try call.input(0).shape, shape.count == 4, let count = try call.input(1).shape?.first
    else { return try call.unknownExtents() }
    for dimension in [0, 2, 3] {
      try call.stop(try call.labels(0, dimension), "\(call.node.shown) takes regions of it")
    }
    for index in [1, 2] { try call.stop(call.optional(index), "\(call.node.shown) reads regions from it") }
    let pooled =
      call.node.operation == "RoiAlign"
      ? [call.int("output_height") ?? 1, call.int("output_width") ?? 1] : call.ints("pooled_shape")
    guard let pooled, pooled.count == 2 else { return try call.unknownExtents() }
    var result = try call.input(0).computed
    result.shape = [count, shape[1]] + pooled
    call.keepsZeros = true
    return [result]
  }

  /// `GridSample`: [N, C, in…] at the points [N, out…, r] → [N, C, out…].
  static func grid(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let shape = try call.input(0).shape, let grid = try call.input(1).shape, shape.count >= 3,
      grid.count == shape.count
    else { return try call.unknownExtents() }
    for dimension in [0] + Array(2..<shape.count) {
      try call.stop(try call.labels(0, dimension), "\(call.node.shown) reads it at computed points")
    }
    try call.stop(call.optional(1), "\(call.node.shown) reads points from it")
    var result = try call.input(0).computed
    result.shape = Array(shape[..<2]) + grid[1..<grid.count - 1]
    return [result]
  }
}
