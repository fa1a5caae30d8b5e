internal import Inference
internal import ONNXGraph

/// Pooling: channels pass, windows slide along the rest.
enum PoolingRule {
  static func windows(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    var result = try call.input(0).computed
    call.keepsZeros = true
    guard let shape = result.shape, let kernel = call.ints("kernel_shape"), shape.count == kernel.count + 2
    else {
      call.fixAll(0, "the extents at \(call.node.shown) are not known")
      return call.node.outputs.map { _ in .unknown }
    }
    for dimension in 2..<shape.count {
      call.fix(try call.labels(0, dimension), "\(call.node.shown) slides along it")
    }
    result = try call.input(0).computed
    result.shape = Extents.windows(call, shape, kernel, isCeiling: call.int("ceil_mode") == 1).map {
      Array(shape[..<2]) + $0
    }
    // Places of the greatest elements are told by their number in the tensor, which changes with its channels.
    if call.node.outputs.count > 1 { call.fixAll(0, "\(call.node.shown) numbers positions") }
    return call.node.outputs.map { _ in result }
  }

  static func global(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    call.keepsZeros = true
    let rank = try call.input(0).rank
    for dimension in 2..<max(2, rank) { call.fix(try call.labels(0, dimension), NormRule.mixes(call)) }
    var result = try call.input(0).computed
    result.shape = result.shape.map { Array($0.prefix(2)) + $0.dropFirst(2).map { _ in 1 } }
    return [result]
  }
}
