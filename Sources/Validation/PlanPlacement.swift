internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// A checkpoint's plan applied to its tensors, as far as it can be.
struct PlanPlacement {
  /// What keeps the plan from being applied whole; nil when nothing does.
  let error: PlanError?
  /// Everything, when the plan can be applied whole.
  let resolved: ResolvedPlan?
  /// Axes and cuts: also of a plan whose tasks or ties are what is wrong.
  let partition: Partition?

  init(_ checkpoint: UnitCheckpoint?, plan: Plan?) {
    guard let checkpoint, let plan else {
      (error, resolved, partition) = (nil, nil, nil)
      return
    }
    // Commands ask for the same, and have it then.
    if let whole = try? checkpoint.resolvedPlan() {
      (error, resolved, partition) = (nil, whole, whole.partition)
      return
    }
    let specs = checkpoint.tensors.map(\.spec)
    let ties = checkpoint.ties
    do throws(PlanError) {
      let whole = try plan.place(specs, ties: ties)
      (error, resolved, partition) = (nil, whole, whole.partition)
    } catch {
      var untasked = plan
      untasked.tasks = []
      self.error = error
      resolved = nil
      partition =
        (try? untasked.place(specs, ties: ties).partition) ?? (try? plan.place(specs).partition)
        ?? (try? untasked.place(specs).partition)
    }
  }
}
