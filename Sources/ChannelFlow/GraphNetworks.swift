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
    let kinds = Kinds(plan)
    var seen: Set<Kind> = []
    let networks = plan.assignment.networks.filter { seen.insert(kinds.kind(of: $0)).inserted }
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

  /// What distinguishes a sub-network from others in a graph.
  package struct Kind: Hashable {
    fileprivate let task: TaskID?
    fileprivate let level: LevelNumber?
    fileprivate let units: UnitSet
    fileprivate let own: [UnitSet]
  }

  /// The kinds of a plan's sub-networks.
  package struct Kinds {
    private let axes: [AxisName]
    private let hasTasks: Bool
    private let hasLevels: Bool

    /// - Parameter model: if results are compared, not only walks: a task may also have outputs or norms of its own.
    package init(_ plan: ResolvedPlan, resultsOf model: Model? = nil) {
      axes = plan.partition.axes.map(\.name)
      let tensors = plan.partition.tensors
      let outputs = Set(model?.graph.outputs.map { TaskID($0.name) } ?? [])
      let tasks = plan.assignment.tasks
      let hasOwnResults =
        model != nil && tasks.contains { outputs.contains($0.task) || $0.norm != tasks[0].norm }
      hasTasks = hasOwnResults || tensors.contains { $0.scope.isPrivate }
      hasLevels = tensors.contains { $0.scope.users.contains { $0.level != nil } }
    }

    package func kind(of network: VirtualNetwork) -> Kind {
      Kind(
        task: hasTasks ? network.task : nil, level: hasLevels ? network.level : nil, units: network.units,
        own: axes.map(network.units(on:)))
    }
  }
}
