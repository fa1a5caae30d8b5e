internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// Tensors that only some tasks or levels use lie in `/private` when they are whole, their users exist, and a compact
/// dimension has the size of its level.
enum ScopesRule: ValidationRule {
  static let summary =
    "Private tensors have users, lie in /private, and compact ones have their level's size."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    var findings = subject.planFindings(of: .scopes)
    guard let checkpoint = subject.checkpoint, let resolved = subject.placement.resolved else {
      return findings
    }
    let partition = resolved.partition
    for (tensor, placement) in zip(checkpoint.index.tensors, partition.tensors) {
      let place = place(of: tensor.spec)
      let owners = tensor.datasets.map { checkpoint.index.datasets[$0].owner }
      let isPrivate = owners.contains(.wholePrivate)
      if isPrivate || owners.contains(.whole), isPrivate != placement.scope.isPrivate {
        findings.append(
          subject.finding(
            .scopes, at: place,
            "expected \(placement.scope.isPrivate ? "a private" : "a shared") tensor as the plan says, "
              + "found it in /\(isPrivate ? "private" : "tensors")"))
      }
      // One tensor at a time: `check` stops at the first that is wrong.
      if placement.scope.isPrivate || !placement.compactDimensions.isEmpty {
        findings += problem(resolved.assignment, partition, [placement]).map {
          subject.finding(.scopes, at: place, "\($0)")
        }
      }
    }
    if findings.isEmpty, let error = problem(resolved.assignment, partition, partition.tensors).first {
      findings.append(subject.finding(.scopes, at: "/tessera/plan", "\(error)"))
    }
    return findings
  }

  private static func problem(
    _ assignment: Assignment, _ partition: Partition, _ tensors: [TensorPlacement]
  ) -> [PlanError] {
    do throws(PlanError) {
      try assignment.check(
        try Partition(unitCount: partition.unitCount, axes: partition.axes, tensors: tensors))
      return []
    } catch { return [error] }
  }
}
