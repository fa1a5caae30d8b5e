internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// The plan can be read, and cuts every tensor as the index tables say.
enum PlanRule: CheckpointRule {
  static let id = RuleID.plan
  static let isDeep = false

  static func findings(in checkpoint: UnitCheckpoint, progress: (Int) -> Void) -> [Finding] {
    let resolved: ResolvedPlan
    do throws(CheckpointError) { resolved = try checkpoint.resolvedPlan() } catch {
      return [finding(checkpoint, at: "/tessera/plan", error)]
    }
    var findings: [Finding] = []
    for (tensor, placement) in zip(checkpoint.index.tensors, resolved.partition.tensors) {
      let stored = tensor.cuts.map { $0.map { checkpoint.index.cuts[$0] } }
      for (dimension, pair) in zip(stored, placement.cuts).enumerated() where !agree(pair.0, pair.1) {
        findings.append(
          finding(
            checkpoint, at: "tensor \(tensor.spec.name.quoted)",
            "dimension \(dimension): expected the plan's cut, found another in the index"))
      }
      let owners = Set(tensor.datasets.map { checkpoint.index.datasets[$0].owner })
      let isPrivate = owners.contains(.wholePrivate)
      if (isPrivate || owners.contains(.whole)) && isPrivate != placement.scope.isPrivate {
        findings.append(
          finding(
            checkpoint, at: "tensor \(tensor.spec.name.quoted)",
            "expected \(placement.scope.isPrivate ? "a private" : "a shared") tensor as the plan says, "
              + "found it in /\(isPrivate ? "private" : "tensors")"))
      }
    }
    return findings
  }

  private static func agree(_ stored: IndexedCut?, _ planned: DimensionCut?) -> Bool {
    guard let stored, let planned else { return (stored == nil) == (planned == nil) }
    return stored.parts == planned.parts
      && stored.segments.elementsEqual(planned.segments) { $0.part == $1.part && $0.length == $1.length }
  }
}
