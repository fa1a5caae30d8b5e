/// A plan applied to the tensors of a file.
public struct ResolvedPlan: Hashable, Sendable {
  /// The axes and the tensors with their placements.
  public let partition: Partition
  /// The tasks with their orders and levels.
  public let assignment: Assignment
  /// Notes for the plan's author.
  public let notes: [PlanNote]
  /// The axes whose channels are modules, so that no weights read or write single channels.
  let moduleAxes: Set<AxisName>

  init(
    partition: Partition, assignment: Assignment, notes: [PlanNote], moduleAxes: Set<AxisName> = []
  ) {
    self.partition = partition
    self.assignment = assignment
    self.notes = notes
    self.moduleAxes = moduleAxes
  }

  /// Whether every sub-network is the whole network although there are several units.
  package var cutsNothing: Bool {
    partition.unitCount > 1 && partition.tensors.allSatisfy(\.isInEveryNetwork)
  }
}

extension TensorPlacement {
  /// Whether every sub-network has all elements of the tensor: it is neither cut, owned, masked nor private.
  var isInEveryNetwork: Bool { isWhole && units.isEmpty && mask == nil && !scope.isPrivate }
}
