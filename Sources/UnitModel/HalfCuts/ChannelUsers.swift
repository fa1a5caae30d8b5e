internal import Tensors

/// Finds out whether a sub-network has fewer channels than an axis. Results for shared tensors are kept.
struct ChannelUsers {
  private let plan: ResolvedPlan
  private let axes: [AxisName: ChannelAxis]
  private var lacking: [AxisName: Bool] = [:]

  init(_ plan: ResolvedPlan) {
    self.plan = plan
    axes = Dictionary(plan.partition.axes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Whether some sub-network with the tensor lacks channels of the placement's axes; true if there are no tasks.
  mutating func lackChannels(of placement: DimensionPlacement, for tensor: TensorPlacement) -> Bool {
    let assignment = plan.assignment
    if assignment.tasks.isEmpty { return true }
    let axes = placement.axes.compactMap { self.axes[$0] }
    func lacks(_ network: VirtualNetwork, _ axis: ChannelAxis) -> Bool {
      network.activeChannelCount(of: axis) < axis.size
    }
    guard tensor.scope.isPrivate else {
      return axes.contains { axis in
        if let known = lacking[axis.name] { return known }
        let found = assignment.tasks.contains { task in
          task.numberedLevels.contains { level in
            (try? assignment.network(task: task.task, level: level.number)).map { lacks($0, axis) } ?? false
          }
        }
        lacking[axis.name] = found
        return found
      }
    }
    return tensor.scope.users.contains { user in
      let levels = user.level.map { [$0] } ?? assignment.task(user.task)?.numberedLevels.map(\.number) ?? []
      return levels.contains { level in
        (try? assignment.network(task: user.task, level: level)).map { network in
          axes.contains { lacks(network, $0) }
        } ?? false
      }
    }
  }
}
