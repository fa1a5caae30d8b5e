internal import ByteFiles
internal import TensorStreams
internal import Tensors
package import UnitModel

extension UnitCheckpoint {
  /// The plan with which the checkpoint was written, with all orders and levels in full.
  package func parsedPlan() throws(CheckpointError) -> Plan {
    try ownPlan.value { () throws(CheckpointError) in
      do throws(PlanError) { return try Plan(parsing: planText) } catch { throw .plan(path: path, error) }
    }
  }

  /// The partition and the assignment of the checkpoint's tensors; throws if they differ from its tables.
  package func resolvedPlan() throws(CheckpointError) -> ResolvedPlan {
    try ownResolvedPlan.value { () throws(CheckpointError) in
      let plan = try parsedPlan()
      let resolved: ResolvedPlan
      do throws(PlanError) {
        resolved = try plan.resolve(against: tensors.map(\.spec), ties: ties)
      } catch { throw .plan(path: path, error) }
      if let difference = try planDifference(resolved) { throw difference }
      return resolved
    }
  }

  /// The first difference between the tables and the checkpoint's own plan; nil if there is none.
  package func planDifference(_ resolved: ResolvedPlan) throws(CheckpointError) -> CheckpointError? {
    // A plan that was resolved before has already been compared with the tables.
    if ownResolvedPlan.known != nil { return nil }
    return try PlanAgreement.difference(between: resolved, and: index, path: path)
  }
}
