package import UnitModel

/// The levels that fit a budget of work.
package struct BudgetedLevels {
  /// One task's level.
  package struct Level {
    package let task: TaskID
    package let level: LevelNumber
    package let levelName: String?
    /// Its cost, in the quantity of the budget.
    package let cost: Int
  }

  package let budget: Budget
  /// Shapes of inputs, and how times were measured.
  package let work: GraphWork
  package let levels: [Level]

  /// The level of each task.
  package var choice: [TaskID: LevelNumber] {
    Dictionary(levels.map { ($0.task, $0.level) }, uniquingKeysWith: { first, _ in first })
  }
}
