internal import Inference
package import ONNXGraph
internal import Tensors
package import UnitModel

/// The channels of one (task, level) in a graph: the labels of every value, from the placements of its weights.
package struct NetworkFlow {
  package let network: VirtualNetwork
  package let walk: FlowWalk
  /// For each weight of the graph, the number of its tensor in the partition.
  package let tensors: [String: Int]
  /// The extents of the inputs for which the network was followed.
  package let inputShapes: [String: [Int]]

  package var labels: ChannelLabels { walk.context.labels }

  /// Checks a plan against a graph, for one sub-network.
  ///
  /// Throws an error that names the node at which channels meet that the plan cuts differently.
  package init(
    _ network: VirtualNetwork, of planned: PlannedGraph, inputShapes: [String: [Int]]
  ) throws(FlowError) {
    let plan = planned.plan
    let path = planned.graph.model.path
    var tensors: [String: Int] = [:]
    // An alias of this network hides a shared tensor of the same name.
    let own = planned.privateTensors(of: network)
    let context = FlowContext(
      labels: planned.labels(of: network), small: planned.graph.smallValues(), path: path)
    context.unitCount = plan.partition.unitCount
    var walk = FlowWalk(planned.graph, context: context, inputShapes: inputShapes) {
      (tensor, name) throws(FlowError) in
      let tensorName = TensorName(name)
      guard let index = own[tensorName] ?? planned.sharedTensor(tensorName, in: network) else {
        guard planned.hasTensor(named: tensorName) else {
          // The plan has every tensor except tensors of text, which are not weights.
          return .labels(tensor.shape.map { _ in nil })
        }
        return .absent
      }
      let placement = plan.partition.tensors[index]
      guard placement.spec.shape == tensor.shape else {
        throw .refused(
          path: path, place: "tensor \(quoted(name))",
          expected: "the plan's shape \(placement.spec.shape)",
          found: "\(tensor.shape)")
      }
      tensors[name] = index
      return .labels(planned.labels(of: index, in: network))
    }
    try walk.run()
    self.network = network
    self.walk = walk
    self.tensors = tensors
    self.inputShapes = inputShapes
  }

  private func has(_ name: String) -> Bool { walk.values[name] != nil && walk.emptied[name] == nil }

  /// The outputs of the sub-network: the output with its task's name, or else all outputs whose weights it has.
  package var outputs: [ValueInfo] {
    let present = walk.model.graph.outputs.filter { has($0.name) }
    let own = present.filter { TaskID($0.name) == network.task }
    return own.isEmpty ? present : own
  }

  /// The outputs. Throws if there are none, or if the network lacks the output with its task's name.
  package func requiredOutputs() throws(FlowError) -> [ValueInfo] {
    let place = "task \(network.task.quoted), level \(network.level)"
    let outputs = outputs
    let all = walk.model.graph.outputs
    for output in all.filter({ TaskID($0.name) == network.task }).isEmpty ? all : outputs {
      guard let node = walk.emptied[output.name] else { continue }
      throw .node(
        node,
        .refused(
          path: walk.model.path, place: walk.model.graph.nodes[node].shown,
          expected: "at least one channel that \(place) has", found: "none"))
    }
    // A graph without outputs only stores tensors.
    guard !outputs.isEmpty || walk.model.graph.outputs.isEmpty else {
      throw .refused(
        path: walk.model.path, place: place, expected: "an output whose weights the task has", found: "none")
    }
    if let own = walk.model.graph.outputs.first(where: { TaskID($0.name) == network.task }),
      !has(own.name)
    {
      throw .refused(
        path: walk.model.path, place: place,
        expected: "the weights of its output \(quoted(own.name))",
        found: "weights that are private to other tasks or levels")
    }
    return outputs
  }
}
