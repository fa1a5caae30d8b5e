internal import Inference
internal import ONNXGraph

/// Gather: a lookup in a table of embeddings, or a selection of positions.
enum LookupRule {
  static func gather(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    let (data, indices) = (try call.input(0), try call.input(1))
    guard let shape = data.shape, let places = indices.shape,
      let axis = call.axis(call.int("axis") ?? 0, rank: shape.count)
    else { return try call.unknownExtents() }
    call.keepsZeros = true
    let known = call.integers(1)?.map { $0 < 0 ? $0 + shape[axis] : $0 }
    if let known, places.count <= 1, known.allSatisfy({ (0..<shape[axis]).contains($0) }) {
      return [try constant(call, data, axis, known, isScalar: places.isEmpty)]
    }
    // If rows were left out, the remaining rows would have other numbers, but the indices would stay the same.
    try call.stop(try call.labels(0, axis), "\(call.node.shown) selects its positions by number at run time")
    var result = try call.input(0).computed
    result.shape = Array(shape[..<axis]) + places + Array(shape[(axis + 1)...])
    result.factors = result.factors.filter { !$0.dimensions.contains(axis) }.map { factor in
      LabelFactor(
        dimensions: factor.dimensions.map { $0 > axis ? $0 + places.count - 1 : $0 }, labels: factor.labels)
    }
    result.isRaw = data.isRaw
    return [result]
  }

  private static func constant(
    _ call: FlowCall, _ data: FlowValue, _ axis: Int, _ known: [Int], isScalar: Bool
  ) throws(FlowError) -> FlowValue {
    if call.labels.isChecking, let labels = data.factors.first(where: { $0.dimensions == [axis] })?.labels {
      guard !isScalar || call.labels.isKept(labels[known[0]]) else {
        throw call.refusal("an active channel", "an inactive one")
      }
      let kept = try call.context.keptBefore(labels, at: call.node.shown)
      let ranks = known.filter { call.labels.isKept(labels[$0]) }.map { kept[$0] }
      call.dense.replace(
        input: 1, by: call.context.small.integers(ranks, isScalar: isScalar, like: call.optional(1)?.known))
    }
    let result = try call.taken(data, axis, known)
    if !isScalar { return result }
    // The label of the single position loses its dimension: it must continue on other dimensions, or stop.
    var left = result
    _ = try call.labels(of: &left, axis)
    for factor in left.factors where factor.dimensions == [axis] {
      try call.stop(factor.labels, "\(call.node.shown) takes one of its positions")
    }
    left.factors.removeAll { $0.dimensions == [axis] }
    return left.without([axis])
  }
}
