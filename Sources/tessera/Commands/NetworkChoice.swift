internal import Accounting
internal import ArgumentParser
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// Which (task, level) of a checkpoint the command line asks for.
struct NetworkChoice {
  let file: String
  let task: String
  let level: Int?
  let budget: String?
  let policy: String?

  /// The network, by its level or by what it may cost.
  func network(of checkpoint: UnitCheckpoint) throws -> (network: VirtualNetwork, plan: ResolvedPlan) {
    let plan = try checkpoint.parsedPlan()
    let resolved = try checkpoint.resolvedPlan()
    do {
      // Says which tasks there are before anything is counted.
      let id = TaskID(task)
      _ = try resolved.assignment.network(task: id, level: LevelNumber(level ?? 1))
      let count = resolved.assignment.task(id)?.levels.count ?? 0
      if level == nil, budget == nil, count != 1 {
        throw ValidationError("expected either --level or --budget: task \(id.quoted) has \(count) levels")
      }
      let chosen =
        try level.map { LevelNumber($0) }
        ?? (budget == nil ? LevelNumber(1) : fittingLevel(of: id, in: checkpoint, resolved, plan))
      return (try resolved.assignment.network(task: id, level: chosen), resolved)
    } catch let error as PlanError { throw Failure(sentence: "\(file): \(error)") }
  }

  /// The highest level of the task that costs no more than --budget.
  private func fittingLevel(
    of id: TaskID, in checkpoint: UnitCheckpoint, _ resolved: ResolvedPlan, _ plan: Plan
  ) throws -> LevelNumber {
    let source = try CountSource(checkpoint, resolved, policy: plan.policy)
    let selection = RowSelection(tasks: [id], level: .budget(try Budget(parsing: budget ?? "")))
    let rule = try policy.map(PolicyFile.read) ?? source.plannedPolicy()
    let counts: ParameterCounts
    do { counts = try source.inventory.counts(under: rule, for: selection) } catch {
      throw Failure(sentence: "\(file): \(error)")
    }
    return try counts.rows(selection, of: resolved.assignment.tasks).first?.level ?? LevelNumber(1)
  }
}
