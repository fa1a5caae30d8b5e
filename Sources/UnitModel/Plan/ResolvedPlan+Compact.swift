internal import Tensors

extension ResolvedPlan {
  /// Throws `PlanError.compactMoved` if a compact tensor, whose values are those of a level's channels, would get other
  /// channels under `other`.
  package func requireSameChannels(in other: ResolvedPlan) throws(PlanError) {
    for tensor in partition.tensors {
      for (_, use) in tensor.compactDimensions {
        for user in tensor.scope.users {
          for network in assignment.networks(of: user) {
            guard let now = try? other.assignment.network(task: network.task, level: network.level) else {
              continue
            }
            let isSame =
              tensor.featureOrder == .task
              ? network.orderedUnits(on: use.axis) == now.orderedUnits(on: use.axis)
              : network.units(on: use.axis) == now.units(on: use.axis)
            if !isSame {
              throw .compactMoved(
                tensor: tensor.spec.name, task: network.task, level: network.level.value,
                expected: network.orderedUnits(on: use.axis), found: now.orderedUnits(on: use.axis))
            }
          }
        }
      }
    }
  }

  /// Throws `PlanError.compactMoved` if a compact tensor has only some channels of an axis whose units have other channels
  /// in `other`.
  package func requireNoPartialChannels(on axes: Set<AxisName>, changedIn other: ResolvedPlan)
    throws(PlanError)
  {
    let whole = try withWholeDimensionsCut()
    for tensor in whole.partition.tensors {
      for (_, use) in tensor.compactDimensions where axes.contains(use.axis) {
        guard let user = tensor.scope.users.first, let network = assignment.networks(of: user).first,
          partition.axes.first(where: { $0.name == use.axis })
            != other.partition.axes.first(where: { $0.name == use.axis })
        else { continue }
        throw .compactMoved(
          tensor: tensor.spec.name, task: network.task, level: network.level.value,
          expected: network.orderedUnits(on: use.axis), found: [])
      }
    }
  }

  /// The plan in which a compact dimension is cut if it has every channel of its axis: the same network with fewer units
  /// then has some of its channels.
  package func withWholeDimensionsCut() throws(PlanError) -> ResolvedPlan {
    let sizes = Dictionary(
      partition.axes.map { ($0.name, $0.size) }, uniquingKeysWith: { first, _ in first })
    var cutter = try DimensionCutter(axes: partition.axes)
    var tensors: [TensorPlacement] = []
    tensors.reserveCapacity(partition.tensors.count)
    for tensor in partition.tensors {
      let dimensions = tensor.dimensions.indices.map { dimension in
        guard case .compact(let use) = tensor.dimensions[dimension], tensor.featureOrder == .ascending,
          let size = sizes[use.axis], use.positions(channels: size) == tensor.spec.shape[dimension]
        else { return tensor.dimensions[dimension] }
        return DimensionPlacement.axis(use)
      }
      tensors.append(
        dimensions == tensor.dimensions
          ? tensor
          : try TensorPlacement(
            spec: tensor.spec, scope: tensor.scope, dimensions: dimensions, units: UnitSet(tensor.units),
            mask: tensor.mask, cutter: &cutter))
    }
    return ResolvedPlan(
      partition: try Partition(
        unitCount: partition.unitCount, axes: partition.axes, tensors: tensors, ties: partition.ties),
      assignment: assignment, notes: notes, moduleAxes: moduleAxes)
  }
}

extension Assignment {
  /// The sub-networks of a user of a private tensor.
  fileprivate func networks(of user: TensorScope.User) -> [VirtualNetwork] {
    networks.filter { $0.task == user.task && (user.level == nil || user.level == $0.level) }
  }
}
