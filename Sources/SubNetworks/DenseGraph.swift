package import ChannelFlow
package import ONNXGraph

extension NetworkGraph {
  /// The dense sub-network: every tensor with its active channels, and matching attributes and constants.
  ///
  /// - Parameter usesBatch: whether batch norms compute their moments from the batch.
  package static func dense(
    _ flow: NetworkFlow, of model: Model, firstNumber: Int, usesBatch: Bool = false
  ) throws(FlowError) -> NetworkGraph {
    var builder = NetworkGraphBuilder(flow, of: model, firstNumber: firstNumber)
    return try builder.graph(
      nodes: { (step, builder) throws(FlowError) in
        for (name, tensor) in step.dense.constants { builder.small(name, tensor) }
        let norms = usesBatch ? flow.batchNorm(step.dense.node) : [step.dense.node]
        return step.dense.before + norms
      },
      shape: { name, tensor in
        flow.walk.values[name].flatMap { flow.walk.context.denseShape($0) } ?? tensor.shape
      },
      output: { flow.denseInfo($0) })
  }
}

extension NetworkFlow {
  /// A node, or its replacement if norms use the batch's moments.
  func batchNorm(_ node: Node) -> [Node] {
    BatchMoments.nodes(
      for: node, rank: node.inputs.first.flatMap { walk.values[$0]?.shape?.count },
      opset: walk.model.opsets[""] ?? 0)
  }

  /// The declaration of an output, with its extents in the dense network.
  fileprivate func denseInfo(_ output: ValueInfo) -> ValueInfo {
    guard let value = walk.values[output.name], case .tensor(let type, let shape?)? = output.type else {
      return output
    }
    var extents = shape
    for factor in value.factors
    where factor.dimensions.count == 1 && extents.indices.contains(factor.dimensions[0]) {
      extents[factor.dimensions[0]] = .fixed(factor.labels.count { labels.isKept($0) })
    }
    return ValueInfo(name: output.name, type: .tensor(type, shape: extents))
  }
}
