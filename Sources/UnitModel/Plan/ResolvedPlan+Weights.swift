internal import Tensors

extension ResolvedPlan {
  /// The plan without the tensors of an optimizer's state, which are not parts of the network.
  package var weights: ResolvedPlan {
    let state = OptimizerNames(partition.tensors.map(\.spec.name)).members
    if state.isEmpty { return self }
    let tensors = partition.tensors.enumerated().filter { !state.contains($0.offset) }.map(\.element)
    let known = Set(tensors.map(\.spec.name))
    // The rest of a valid partition is valid; without it, all tensors are better than none.
    guard
      let rest = try? Partition(
        unitCount: partition.unitCount, axes: partition.axes, tensors: tensors,
        ties: partition.ties.filter { known.contains($0.key) && known.contains($0.value) })
    else { return self }
    return ResolvedPlan(partition: rest, assignment: assignment, notes: notes, moduleAxes: moduleAxes)
  }
}
