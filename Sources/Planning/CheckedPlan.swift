public import Tensors
public import UnitModel

extension Plan {
  /// The plan applied to these tensors, with the same sentences as for a proposed plan.
  ///
  /// Throws the first `PlanError` found.
  public func checked(
    against specs: [TensorSpec], ties: [TensorName: TensorName] = [:]
  ) throws(PlanError) -> ProposedPlan {
    let filled = try self.filled()
    let resolved = try filled.resolve(against: specs, ties: ties)
    // An imported plan has no rule.
    let rule = provenance.flatMap { AssignmentRule(rawValue: $0.rule) }
    let request = PlanRequest(unitCount: unitCount, rule: rule ?? .nearest)
    return ProposedPlan(
      plan: filled, resolved: resolved,
      words: request.words(about: resolved, namesRule: rule != nil))
  }
}
