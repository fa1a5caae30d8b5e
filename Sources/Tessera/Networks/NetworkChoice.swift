internal import Accounting
package import Tensors
package import UnitCheckpoints
package import UnitModel

/// Chooses a (task, level) of a checkpoint.
package struct NetworkChoice {
  private let opened: OpenedFile
  private let checkpoint: UnitCheckpoint
  private let task: String?
  /// The level's number or name.
  private let level: String?
  private let budget: Budget?
  private let policy: String?
  private let work: WorkSettings

  /// - Parameters:
  ///   - task: the task's name; may be nil if there is only one task.
  ///   - level: its number or name; nil with a budget, or if the task has only one level.
  ///   - policy: the policy under which the budget is counted, by name or path; nil for the plan's policy.
  ///   - work: how a budget of work is counted or timed.
  package init(
    _ opened: OpenedFile, _ checkpoint: UnitCheckpoint, task: String?, level: String?, budget: Budget?,
    policy: String?, work: WorkSettings = WorkSettings()
  ) {
    self.opened = opened
    self.checkpoint = checkpoint
    self.task = task
    self.level = level
    self.budget = budget
    self.policy = policy
    self.work = work
  }

  private var file: String { opened.path }

  /// A network that was chosen.
  package struct Chosen {
    package let network: VirtualNetwork
    package let plan: ResolvedPlan
    /// How a budget of work chose it; nil without such a budget.
    package let budgeted: BudgetedLevels?
  }

  /// The network, by its level or by its budget.
  ///
  /// Throws `RequestError` if --task or --level is missing and there are several; only the file can show this.
  package func network() throws -> Chosen {
    let resolved = try checkpoint.resolvedPlan()
    do {
      let task = try chosenTask(of: resolved.assignment)
      let chosen: LevelNumber
      var budgeted: BudgetedLevels?
      if let level {
        chosen = try task.knownLevel(level)
      } else if let budget, budget.quantity.isWork {
        budgeted = try GraphWork(opened, file, work, option: "--budget").levels(within: budget, of: [task])
        chosen = budgeted?.levels.first?.level ?? LevelNumber(1)
      } else if let budget {
        chosen = try fittingLevel(of: task.task, budget, resolved)
      } else {
        guard task.levels.count == 1 else {
          let names =
            task.levelNames.isEmpty
            ? "" : ": " + task.levelNames.map { TensorName($0).quoted }.joined(separator: ", ")
          throw RequestError(
            "\(file): expected either --level or --budget: task \(task.task.quoted) has \(task.levels.count) levels\(names)"
          )
        }
        chosen = LevelNumber(1)
      }
      return Chosen(
        network: try resolved.assignment.network(task: task.task, level: chosen), plan: resolved,
        budgeted: budgeted)
    } catch let error as PlanError { throw TesseraError(.request, "\(file): \(error)") }
  }

  /// The task of --task, or the only one.
  private func chosenTask(of assignment: Assignment) throws -> TaskAssignment {
    let tasks = assignment.tasks
    if let task {
      guard let found = assignment.task(TaskID(task)) else {
        throw PlanError.unknownTask(TaskID(task), among: tasks)
      }
      return found
    }
    if tasks.isEmpty {
      throw TesseraError(sentence: "\(file): expected tasks to choose from, found a file without")
    }
    guard tasks.count == 1 else {
      let names = tasks.prefix(8).map(\.task.quoted).joined(separator: ", ")
      throw RequestError(
        "\(file): expected --task: it has \(tasks.count) tasks, \(names)\(tasks.count > 8 ? ", …" : "")")
    }
    return tasks[0]
  }

  /// The highest level of the task that fits a budget of parameters or bytes.
  private func fittingLevel(
    of id: TaskID, _ budget: Budget, _ resolved: ResolvedPlan
  ) throws -> LevelNumber {
    let selection = RowSelection(tasks: [id], level: .budget(budget))
    let counts = try counts(for: selection)
    return try counts.rows(selection, of: resolved.assignment.tasks).first?.level ?? LevelNumber(1)
  }

  private func counts(for selection: RowSelection) throws -> ParameterCounts {
    let source = try CountSource(opened)
    let rule = try policy.map(PolicyFile.read) ?? source.plannedPolicy()
    do { return try source.inventory.counts(under: rule, for: selection) } catch {
      throw TesseraError(sentence: "\(file): \(error)")
    }
  }

  /// Throws if a network exceeds a --budget of parameters or bytes. The tensors that its graph adds count, and those
  /// that the graph does not use do not.
  package func requireFit(
    of network: VirtualNetwork, with added: [TensorSpec], without unused: [TensorSpec],
    _ resolved: ResolvedPlan
  ) throws {
    guard let limit = budget, !limit.quantity.isWork, !added.isEmpty else { return }
    let selection = RowSelection(tasks: [network.task], level: .number(network.level))
    let counts = try counts(for: selection)
    guard let row = try counts.rows(selection, of: resolved.assignment.tasks).first,
      let own = row.cost(in: limit.quantity)
    else { return }
    /// The cost of tensors without units. A policy that depends on values or masks cannot be applied to them, so all of
    /// them count.
    func cost(_ specs: [TensorSpec]) -> Int {
      let row = try? Inventory(flat: specs).counts(under: counts.policy).stored
      return row?.cost(in: limit.quantity)
        ?? specs.reduce(0) { $0 + (limit.quantity == .bytes ? $1.byteCount : $1.elementCount) }
    }
    let (kept, more) = (own - cost(unused), cost(added))
    if kept + more > limit.limit {
      throw TesseraError(
        sentence:
          "\(file): --budget: expected at most \(limit), found \(kept.grouped) at level \(network.level) and "
          + "\(more.grouped) more in indices and shapes of its graph; give a larger --budget, or a --level"
      )
    }
  }
}
