package import ONNXGraph
package import UnitModel

/// The sub-networks of a plan that differ in a graph: one for each set of active channels and private tensors.
package enum GraphNetworks {
  /// The most nodes and tensors to follow for all networks in total; each takes about ten microseconds.
  private static let workLimit = 1 << 20

  /// The first network of each kind, in the order of the plan.
  ///
  /// Throws if following all of them would take more than about ten seconds.
  package static func distinct(in plan: ResolvedPlan, of model: Model) throws(FlowError) -> [VirtualNetwork] {
    let axes = plan.partition.axes.map(\.name)
    let scopes = plan.partition.tensors.flatMap(\.scope.users)
    let (hasTasks, hasLevels) = (!scopes.isEmpty, scopes.contains { $0.level != nil })
    var seen: Set<Kind> = []
    let networks = plan.assignment.networks.filter { network in
      seen.insert(
        Kind(
          task: hasTasks ? network.task : nil, level: hasLevels ? network.level : nil, units: network.units,
          own: axes.map(network.units(on:)))
      ).inserted
    }
    let each = model.graph.nodes.count + plan.partition.tensors.count
    guard each == 0 || networks.count <= max(1, workLimit / each) else {
      throw .refused(
        path: model.path, place: "graph",
        expected:
          "at most \(max(1, workLimit / each)) sub-networks to check against its \(each) nodes and tensors",
        found: "\(networks.count)")
    }
    return networks
  }

  private struct Kind: Hashable {
    let task: TaskID?
    let level: LevelNumber?
    let units: UnitSet
    let own: [UnitSet]
  }
}
