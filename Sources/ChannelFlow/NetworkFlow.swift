internal import Inference
package import ONNXGraph
package import TensorStreams
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
    _ network: VirtualNetwork, plan: ResolvedPlan, model: Model, supplier: (any TensorReading)?,
    inputShapes: [String: [Int]]
  ) throws(FlowError) {
    let axes = Dictionary(plan.partition.axes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let labels = ChannelLabels { part in
      network.units(on: AxisName(part.axis)).contains(UnitID(part.unit))
    }
    var places: [TensorName: Int] = [:]
    for (index, placement) in plan.partition.tensors.enumerated() {
      // Only a tensor of this network gets the name here, so that an alias of this network may have it.
      guard network.sees(placement), placement.units.allSatisfy(network.units.contains) else { continue }
      let alias = placement.scope.user(task: network.task, level: network.level)?.alias
      if let alias { places[alias] = index }
      if places[placement.spec.name] == nil { places[placement.spec.name] = index }
    }
    let names = Set(plan.partition.tensors.map(\.spec.name))
    var tensors: [String: Int] = [:]
    let context = FlowContext(
      labels: labels, small: SmallValues(model, supplier: supplier), path: model.path)
    context.unitCount = plan.partition.unitCount
    var walk = FlowWalk(model, context: context, inputShapes: inputShapes) {
      (tensor, name) throws(FlowError) in
      guard let index = places[TensorName(name)] else {
        guard names.contains(TensorName(name)) else {
          // The plan has every tensor except tensors of text, which are not weights.
          return .labels(tensor.shape.map { _ in nil })
        }
        return .absent
      }
      let placement = plan.partition.tensors[index]
      guard placement.spec.shape == tensor.shape else {
        throw .refused(
          path: model.path, place: "tensor \(quoted(name))",
          expected: "the plan's shape \(placement.spec.shape)",
          found: "\(tensor.shape)")
      }
      tensors[name] = index
      return .labels(
        placement.dimensions.indices.map { dimension in
          Self.labels(placement, dimension, network: network, axes: axes, labels)
        })
    }
    try walk.run()
    self.network = network
    self.walk = walk
    self.tensors = tensors
    self.inputShapes = inputShapes
  }

  private static func labels(
    _ placement: TensorPlacement, _ dimension: Int, network: VirtualNetwork, axes: [AxisName: ChannelAxis],
    _ labels: ChannelLabels
  ) -> [ChannelLabel]? {
    func label(_ unit: UnitID?, _ axis: AxisName?) -> ChannelLabel {
      guard let unit, let axis else { return 0 }
      return labels.label(of: ChannelLabels.Part(unit: unit.index, axis: axis.text))
    }
    if case .compact(let use) = placement.dimensions[dimension], let axis = axes[use.axis] {
      var list: [ChannelLabel] = []
      for run in axis.runs where run.unit.map(network.units(on: axis.name).contains) ?? true {
        for _ in run.channels {
          list += [ChannelLabel](repeating: label(run.unit, axis.name), count: use.inner)
        }
      }
      let all = (0..<use.outer).flatMap { _ in list }
      return all.count == placement.spec.shape[dimension] ? all : nil
    }
    guard let cut = placement.cuts[dimension] else { return nil }
    let parts = cut.parts.map { label($0.unit, $0.axis) }
    return cut.segments.flatMap { [ChannelLabel](repeating: parts[$0.part], count: $0.length) }
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
