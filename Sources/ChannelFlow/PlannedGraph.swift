internal import ONNXGraph
internal import Tensors
package import UnitModel

/// A graph and a plan, and what the walks of all sub-networks need of them: computed once.
package final class PlannedGraph {
  package let graph: WalkedGraph
  package let plan: ResolvedPlan
  /// Each unit on each axis, in the order of their labels.
  private let parts: [ChannelLabels.Part]
  private let labels: [ChannelLabels.Part: ChannelLabel]
  private let axes: [AxisName: ChannelAxis]
  /// The numbers of all tensors by their own names.
  private let numbers: [TensorName: Int]
  /// The private tensors of each task, in the order of the plan: the users of a tensor may be as many as the tasks.
  private let owned: [TaskID: [(tensor: Int, user: TensorScope.User)]]
  /// The labels of each dimension by the number of the tensor: the same lists for every sub-network, so that memory
  /// and time do not grow with their number.
  private var lists: [Int: [[ChannelLabel]?]] = [:]

  package init(_ graph: WalkedGraph, plan: ResolvedPlan) {
    self.graph = graph
    self.plan = plan
    axes = Dictionary(plan.partition.axes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    parts = plan.partition.axes.flatMap { axis in
      (0..<plan.partition.unitCount).map { ChannelLabels.Part(unit: $0, axis: axis.name.text) }
    }
    var labels: [ChannelLabels.Part: ChannelLabel] = [:]
    for part in parts where labels[part] == nil {
      labels[part] = ChannelLabel(labels.count + 1)
    }
    self.labels = labels
    var numbers: [TensorName: Int] = [:]
    var owned: [TaskID: [(tensor: Int, user: TensorScope.User)]] = [:]
    for (number, placement) in plan.partition.tensors.enumerated() {
      numbers[placement.spec.name] = number
      for user in placement.scope.users { owned[user.task, default: []].append((number, user)) }
    }
    self.numbers = numbers
    self.owned = owned
  }

  /// Labels that start with those of `parts`.
  func labels(of network: VirtualNetwork) -> ChannelLabels {
    ChannelLabels(known: parts) { part in network.units(on: AxisName(part.axis)).contains(UnitID(part.unit)) }
  }

  /// The numbers of a sub-network's private tensors by their names in it.
  func privateTensors(of network: VirtualNetwork) -> [TensorName: Int] {
    var names: [TensorName: Int] = [:]
    var last: Int?
    for (number, user) in owned[network.task] ?? [] {
      // The first entry of a tensor that fits is its user.
      guard last != number, user.level == nil || user.level == network.level else { continue }
      last = number
      guard has(number, network) else { continue }
      if let alias = user.alias { names[alias] = number }
      let own = plan.partition.tensors[number].spec.name
      if names[own] == nil { names[own] = number }
    }
    return names
  }

  /// The number of the shared tensor with this name; nil if the sub-network has none.
  func sharedTensor(_ name: TensorName, in network: VirtualNetwork) -> Int? {
    guard let number = numbers[name], !plan.partition.tensors[number].scope.isPrivate, has(number, network)
    else { return nil }
    return number
  }

  private func has(_ tensor: Int, _ network: VirtualNetwork) -> Bool {
    plan.partition.tensors[tensor].units.allSatisfy(network.units.contains)
  }

  /// Whether the plan has a tensor whose own name this is.
  func hasTensor(named name: TensorName) -> Bool { numbers[name] != nil }

  /// The labels of each dimension of a tensor; nil for one that is not cut.
  func labels(of tensor: Int, in network: VirtualNetwork) -> [[ChannelLabel]?] {
    let placement = plan.partition.tensors[tensor]
    let shared: [[ChannelLabel]?]
    if let known = lists[tensor] {
      shared = known
    } else {
      shared = placement.dimensions.indices.map { cut(placement, $0) }
      lists[tensor] = shared
    }
    return placement.dimensions.indices.map { dimension in
      guard case .compact(let use) = placement.dimensions[dimension], let axis = axes[use.axis] else {
        return shared[dimension]
      }
      return compact(use, of: axis, in: network, extent: placement.spec.shape[dimension])
    }
  }

  private func label(_ unit: UnitID?, _ axis: AxisName?) -> ChannelLabel {
    guard let unit, let axis else { return 0 }
    return labels[ChannelLabels.Part(unit: unit.index, axis: axis.text)] ?? 0
  }

  /// The labels of a dimension that has every channel.
  private func cut(_ placement: TensorPlacement, _ dimension: Int) -> [ChannelLabel]? {
    guard let cut = placement.cuts[dimension] else { return nil }
    let parts = cut.parts.map { label($0.unit, $0.axis) }
    return cut.segments.flatMap { [ChannelLabel](repeating: parts[$0.part], count: $0.length) }
  }

  /// The labels of a dimension that has only the sub-network's channels; nil if their number is not the extent.
  private func compact(
    _ use: AxisUse, of axis: ChannelAxis, in network: VirtualNetwork, extent: Int
  ) -> [ChannelLabel]? {
    var list: [ChannelLabel] = []
    for run in axis.runs where run.unit.map(network.units(on: axis.name).contains) ?? true {
      for _ in run.channels {
        list += [ChannelLabel](repeating: label(run.unit, axis.name), count: use.inner)
      }
    }
    let all = (0..<use.outer).flatMap { _ in list }
    return all.count == extent ? all : nil
  }
}
