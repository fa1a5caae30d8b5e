internal import Accounting
internal import ArgumentParser
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// Which (task, level) of a checkpoint the command line asks for.
struct NetworkChoice {
  let file: String
  let task: String?
  /// A number or a name.
  let level: String?
  let budget: String?
  let policy: String?

  /// The network, by its level or by what it may cost.
  ///
  /// Throws `ValidationError` when --task or --level is missing and there are several, which only the file can tell.
  func network(of checkpoint: UnitCheckpoint) throws -> (network: VirtualNetwork, plan: ResolvedPlan) {
    let plan = try checkpoint.parsedPlan()
    let resolved = try checkpoint.resolvedPlan()
    do {
      let task = try chosenTask(of: resolved.assignment)
      let chosen: LevelNumber
      if let level {
        chosen = try task.knownLevel(level)
      } else if budget != nil {
        chosen = try fittingLevel(of: task.task, in: checkpoint, resolved, plan)
      } else {
        guard task.levels.count == 1 else {
          let names =
            task.levelNames.isEmpty
            ? "" : ": " + task.levelNames.map { TensorName($0).quoted }.joined(separator: ", ")
          throw ValidationError(
            "\(file): expected either --level or --budget: task \(task.task.quoted) has \(task.levels.count) levels\(names)"
          )
        }
        chosen = LevelNumber(1)
      }
      return (try resolved.assignment.network(task: task.task, level: chosen), resolved)
    } catch let error as PlanError { throw Failure(sentence: "\(file): \(error)") }
  }

  /// The task that --task names, or the only one.
  private func chosenTask(of assignment: Assignment) throws -> TaskAssignment {
    let tasks = assignment.tasks
    if let task {
      guard let found = assignment.task(TaskID(task)) else {
        throw PlanError.unknownTask(TaskID(task), among: tasks)
      }
      return found
    }
    if tasks.isEmpty {
      throw Failure(sentence: "\(file): expected tasks to choose from, found a file without")
    }
    guard tasks.count == 1 else {
      let names = tasks.prefix(8).map(\.task.quoted).joined(separator: ", ")
      throw ValidationError(
        "\(file): expected --task: it has \(tasks.count) tasks, \(names)\(tasks.count > 8 ? ", …" : "")")
    }
    return tasks[0]
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
