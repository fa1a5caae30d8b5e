internal import Tensors

extension Assignment {
  /// Checks that assignment and partition agree: scopes name existing tasks and levels, compact dimensions have the
  /// size of their level, and no sub-network has two tensors with the same name.
  ///
  /// Throws `PlanError.unknownTask`, `.unknownLevel`, `.compactUnscoped`, `.unknownAxis`, `.sizeDisagrees` or
  /// `.aliasTaken`.
  public func check(_ partition: Partition) throws(PlanError) {
    var axes: [AxisName: ChannelAxis] = [:]
    for axis in partition.axes { axes[axis.name] = axis }
    for tensor in partition.tensors { try check(tensor, axes: axes) }
    try checkAliases(partition)
  }

  /// Checks one tensor's scope and compact dimensions against the tasks and the axes.
  package func check(_ tensor: TensorPlacement, axes: [AxisName: ChannelAxis]) throws(PlanError) {
    let networks = try self.networks(using: tensor)
    let compact = tensor.compactDimensions
    if compact.isEmpty { return }
    guard tensor.scope.isPrivate else { throw .compactUnscoped(tensor: tensor.spec.name) }
    for (dimension, use) in compact {
      guard let axis = axes[use.axis] else {
        throw .unknownAxis(
          place: "tensor \(tensor.spec.name.quoted)", name: use.axis,
          nearest: nearestName(to: use.axis.text, among: axes.keys.lazy.map(\.text)))
      }
      let found = tensor.spec.shape[dimension]
      for network in networks {
        let expected = use.positions(channels: network.activeChannelCount(of: axis))
        if expected != found {
          throw .sizeDisagrees(
            tensor: tensor.spec.name, dimension: dimension,
            axis: "\(tensor.dimensions[dimension].summary) of \(network.task.quoted), level \(network.level)",
            expected: expected ?? Int.max, found: found)
        }
      }
    }
  }

  /// The sub-networks that the scope of a private tensor names; empty for a shared tensor.
  private func networks(using tensor: TensorPlacement) throws(PlanError) -> [VirtualNetwork] {
    var networks: [VirtualNetwork] = []
    for user in tensor.scope.users {
      if let level = user.level {
        networks.append(try network(task: user.task, level: level))
      } else if let task = task(user.task) {
        for level in task.numberedLevels {
          networks.append(try network(task: user.task, level: level.number))
        }
      } else {
        throw .unknownTask(user.task, among: tasks)
      }
    }
    return networks
  }

  /// Checks that no sub-network has two tensors with the same name.
  package func checkAliases(_ partition: Partition) throws(PlanError) {
    struct Known: Hashable {
      let task: TaskID
      let level: Int
      let name: TensorName
    }
    let aliased = partition.tensors.filter { $0.scope.users.contains { $0.alias != nil } }
    if aliased.isEmpty { return }
    var owners: [Known: TensorName] = [:]
    for tensor in aliased {
      for user in tensor.scope.users {
        guard let alias = user.alias, let task = task(user.task) else { continue }
        for level in user.level.map({ [$0.value] }) ?? Array(1..<(task.levels.count + 1)) {
          let known = Known(task: user.task, level: level, name: alias)
          if let owner = owners.updateValue(tensor.spec.name, forKey: known), owner != tensor.spec.name {
            throw .aliasTaken(
              task: user.task, level: level, alias: alias, tensor: tensor.spec.name, other: owner)
          }
        }
      }
    }
    // An alias must not be the name of another tensor that the same sub-network uses under its own name.
    let names = Set(owners.keys.map(\.name))
    var plain: [TensorName: TensorPlacement] = [:]
    for tensor in partition.tensors where names.contains(tensor.spec.name) {
      plain[tensor.spec.name] = tensor
    }
    for (known, owner) in owners.sorted(by: { ($0.value, $0.key.level) < ($1.value, $1.key.level) }) {
      let level = LevelNumber(known.level)
      guard let tensor = plain[known.name], tensor.spec.name != owner,
        tensor.scope.includes(task: known.task, level: level),
        tensor.scope.user(task: known.task, level: level)?.alias == nil
      else { continue }
      throw .aliasTaken(
        task: known.task, level: known.level, alias: known.name, tensor: owner, other: tensor.spec.name)
    }
  }
}
