internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// A checkpoint's plan applied to its tensors, as far as possible.
struct PlanPlacement {
  /// The reason why the plan cannot be applied completely; nil if it can.
  let error: PlanError?
  /// The complete result; nil if there is an error.
  let resolved: ResolvedPlan?
  /// The axes and cuts; they also exist if only the plan's tasks or ties are wrong.
  let partition: Partition?

  init(_ checkpoint: UnitCheckpoint?, plan: Plan?) {
    guard let checkpoint, let plan else {
      (error, resolved, partition) = (nil, nil, nil)
      return
    }
    // Commands need the same result, so the checkpoint keeps it.
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
