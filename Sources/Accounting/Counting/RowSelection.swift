internal import Tensors
public import UnitModel

/// A selection of sub-networks: all, or those of some tasks, of one level, or within a budget.
public struct RowSelection: Hashable, Sendable {
  /// The tasks; empty for all.
  public var tasks: [TaskID]
  /// The level of each task.
  public var level: Choice

  /// A choice of levels of a task.
  public enum Choice: Hashable, Sendable {
    /// All levels.
    case all
    /// The level with this number.
    case number(LevelNumber)
    /// The level with this name, or with the number in the text.
    case text(String)
    /// The highest level that fits a budget of parameters or bytes.
    case budget(Budget)
    /// One level of each task, such as those that fit a budget of work.
    case levels([TaskID: LevelNumber])
  }

  /// Every sub-network, unless tasks or a level are given.
  public init(tasks: [TaskID] = [], level: Choice = .all) {
    self.tasks = tasks
    self.level = level
  }

  /// Whether the selection may include this network, or has to compare it: a budget compares all levels of a task.
  func mayNeed(_ network: VirtualNetwork) -> Bool {
    guard tasks.isEmpty || tasks.contains(network.task) else { return false }
    switch level {
    case .number(let number): return network.level == number
    case .text(let text): return network.levelName == text || Int(text) == network.level.value
    case .levels(let levels): return levels[network.task] == network.level
    case .all, .budget: return true
    }
  }

  /// The selected tasks of a file. Throws `PlanError.unknownTask` with the nearest name.
  package func chosen(of all: [TaskAssignment]) throws(PlanError) -> [TaskAssignment] {
    for task in tasks where !all.contains(where: { $0.task == task }) {
      throw .unknownTask(task, among: all)
    }
    return all.filter { tasks.isEmpty || tasks.contains($0.task) }
  }
}

extension ParameterCounts {
  /// The sub-networks that a selection includes, in the order of the file.
  ///
  /// With a level's number or name, tasks without such a level are left out unless they were named. Throws
  /// `PlanError.unknownTask` with the nearest name, `.unknownLevel` or `.unknownLevelName` if no task has the level, or
  /// `.nothingFits` for the first task without a level that fits.
  public func rows(_ selection: RowSelection, of tasks: [TaskAssignment]) throws(PlanError) -> [ParameterRow]
  {
    let chosen = try selection.chosen(of: tasks)
    let isNamed = !selection.tasks.isEmpty
    var wanted: [TaskID: LevelNumber] = [:]
    switch selection.level {
    case .all:
      let names = Set(chosen.map(\.task))
      return networks.filter { $0.task.map(names.contains) ?? false }
    case .number(let number): wanted = try levels("\(number)", of: chosen, isNamed: isNamed)
    case .text(let text): wanted = try levels(text, of: chosen, isNamed: isNamed)
    case .budget(let budget):
      var costs: [TaskID: [LevelCost]] = [:]
      for row in networks {
        guard let task = row.task, let level = row.level, let cost = row.cost(in: budget.quantity) else {
          continue
        }
        costs[task, default: []].append(LevelCost(level, cost: cost))
      }
      for task in chosen {
        wanted[task.task] = try budget.select(from: costs[task.task] ?? [], of: task.task)
      }
    case .levels(let levels):
      for task in chosen { wanted[task.task] = levels[task.task] }
    }
    return networks.filter { row in row.task.map { wanted[$0] == row.level && row.level != nil } ?? false }
  }

  /// The level that a text names, for each task.
  private func levels(
    _ text: String, of chosen: [TaskAssignment], isNamed: Bool
  ) throws(PlanError) -> [TaskID: LevelNumber] {
    var wanted: [TaskID: LevelNumber] = [:]
    for task in chosen { wanted[task.task] = isNamed ? try task.knownLevel(text) : task.level(text) }
    if wanted.isEmpty, let largest = chosen.max(by: { $0.levels.count < $1.levels.count }) {
      _ = try largest.knownLevel(text)
    }
    return wanted
  }
}

extension ParameterRow {
  /// The row's parameters or bytes; nil for the quantities of work, which no policy counts.
  public func cost(in quantity: Budget.Quantity) -> Int? {
    switch quantity {
    case .parameters: parameters.value
    case .bytes: bytes.value
    case .multiplyAdds, .time: nil
    }
  }
}

extension Budget {
  /// Whether the row has more parameters or bytes than the budget.
  public func isExceeded(by row: ParameterRow) -> Bool {
    row.cost(in: quantity).map { $0 > limit } ?? false
  }
}
