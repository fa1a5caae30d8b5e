package import ChannelFlow
internal import Inference
package import ONNXGraph
internal import Tensors

extension NetworkGraph {
  /// The most positions of all masks together. A graph that needs more is refused before it is built.
  fileprivate static let maskLimit = 1 << 27

  /// The masked network is the whole network with inactive weights zero. After each operator that does not map zeros
  /// to zeros, inactive values are masked.
  ///
  /// - Parameter usesBatch: whether batch norms compute their moments from the batch.
  package static func masked(
    _ flow: NetworkFlow, of model: Model, firstNumber: Int, usesBatch: Bool = false
  ) throws(FlowError) -> NetworkGraph {
    var builder = NetworkGraphBuilder(flow, of: model, firstNumber: firstNumber)
    var left = Self.maskLimit
    return try builder.graph(
      nodes: { (step, builder) throws(FlowError) in
        var node = step.node
        var after: [Node] = []
        for (place, output) in step.outputs.enumerated() where node.outputs.indices.contains(place) {
          let name = node.outputs[place]
          guard !name.isEmpty, !step.keepsZeros, let shape = output.shape else { continue }
          guard let mask = try mask(of: output, shape, flow, named: name, left: &left) else { continue }
          let (raw, given) = ("\(name)/tessera.unmasked", "\(name)/tessera.mask")
          var masking = Node()
          masking.name = given
          masking.outputs = [name]
          masking.domain = OperatorRegistry.ownDomain
          masking.operation = "Mask"
          masking.inputs = [raw, given]
          builder.add(given, .bool, mask.extents, mask.kept.map { $0 ? 1 : 0 })
          node.outputs[place] = raw
          after.append(masking)
        }
        return (usesBatch ? flow.batchNorm(node) : [node]) + after
      },
      shape: { _, tensor in tensor.shape }, output: { $0 })
  }
}

/// The active positions of a value, over the dimensions that are cut; nil if all are active.
///
/// - Parameter left: the number of positions that further masks may have.
private func mask(
  of value: FlowValue, _ shape: [Int], _ flow: NetworkFlow, named name: String, left: inout Int
) throws(FlowError) -> (extents: [Int], kept: [Bool])? {
  var extents = [Int](repeating: 1, count: shape.count)
  var kept = [true]
  var isMasked = false
  for factor in value.factors {
    let own = factor.labels.map(flow.labels.isKept)
    if own.allSatisfy({ $0 }) { continue }
    isMasked = true
    for dimension in factor.dimensions { extents[dimension] = shape[dimension] }
  }
  guard isMasked else { return nil }
  var count = 1
  for extent in extents {
    let (product, overflow) = count.multipliedReportingOverflow(by: extent)
    guard !overflow, product <= left else {
      throw .inference(
        .refused(
          kind: .budget, path: flow.walk.model.path, place: "value \(quoted(name))",
          expected: "masks of at most \(NetworkGraph.maskLimit.grouped) positions in total", found: "more"))
    }
    count = product
  }
  left -= count
  kept = [Bool](repeating: true, count: count)
  for factor in value.factors {
    let own = factor.labels.map(flow.labels.isKept)
    if own.allSatisfy({ $0 }) { continue }
    for position in 0..<count {
      var (rest, place, step) = (position, 0, 1)
      for dimension in extents.indices.reversed() {
        let index = rest % extents[dimension]
        rest /= extents[dimension]
        if factor.dimensions.contains(dimension) {
          place += index * step
          step *= shape[dimension]
        }
      }
      if !own[place] { kept[position] = false }
    }
  }
  return (extents, kept)
}
