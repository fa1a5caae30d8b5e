internal import Inference
internal import ONNXGraph

/// Pooling: channels continue, windows slide along the other dimensions.
enum PoolingRule {
  static func windows(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    call.keepsZeros = true
    guard let shape = try call.input(0).shape, let kernel = call.ints("kernel_shape"),
      shape.count == kernel.count + 2
    else { return try call.unknownExtents() }
    for dimension in 2..<shape.count {
      try call.stop(try call.labels(0, dimension), "\(call.node.shown) slides along it")
    }
    var result = try call.input(0).computed
    result.shape = Extents.windows(call, shape, kernel, isCeiling: call.int("ceil_mode") == 1).map {
      Array(shape[..<2]) + $0
    }
    // The positions of the greatest elements are not followed: these numbers change with the channels.
    return [result]
  }

  static func global(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    call.keepsZeros = true
    try NormRule.mix(call, 2..<max(2, try call.input(0).rank))
    var result = try call.input(0).computed
    result.shape = result.shape.map { Array($0.prefix(2)) + $0.dropFirst(2).map { _ in 1 } }
    return [result]
  }
}
