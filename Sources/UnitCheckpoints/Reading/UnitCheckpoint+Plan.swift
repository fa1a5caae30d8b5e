internal import Synchronization
internal import TensorStreams
internal import Tensors
package import UnitModel

extension UnitCheckpoint {
  /// The plan that the checkpoint was written under, with every order and level spelled out.
  package func parsedPlan() throws(CheckpointError) -> Plan {
    do throws(PlanError) { return try Plan(parsing: planText) } catch { throw .plan(path: path, error) }
  }

  /// Partition and assignment of the checkpoint's tensors, which are those of its tables; made once, for a command asks
  /// several times.
  package func resolvedPlan() throws(CheckpointError) -> ResolvedPlan {
    if let known = ownPlan.withLock({ $0 }) { return known }
    let resolved = try resolvedPlan(of: parsedPlan())
    if let difference = try planDifference(resolved) { throw difference }
    ownPlan.withLock { $0 = resolved }
    return resolved
  }

  /// The first thing that the tables say otherwise than the checkpoint's own plan; nil where there is none.
  package func planDifference(_ resolved: ResolvedPlan) throws(CheckpointError) -> CheckpointError? {
    // What was resolved before has been held against them.
    if ownPlan.withLock({ $0 != nil }) { return nil }
    return try PlanAgreement.difference(between: resolved, and: index, path: path)
  }

  /// What the checkpoint's own plan, parsed before, makes of its tensors.
  package func resolvedPlan(of plan: Plan) throws(CheckpointError) -> ResolvedPlan {
    do throws(PlanError) {
      return try plan.resolve(against: tensors.map(\.spec), ties: ties)
    } catch { throw .plan(path: path, error) }
  }
}
