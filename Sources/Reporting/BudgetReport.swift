package import StrictJSON
internal import Tensors
package import UnitModel

/// How a budget of multiply-adds or of time selected levels.
package struct BudgetReport: Sendable {
  /// The level of one task.
  package struct Level: Sendable {
    let task: TaskID
    let level: LevelNumber
    let levelName: String?
    /// Its cost, in the quantity of the budget.
    let cost: Int

    package init(task: TaskID, level: LevelNumber, levelName: String?, cost: Int) {
      self.task = task
      self.level = level
      self.levelName = levelName
      self.cost = cost
    }
  }

  let budget: Budget
  /// The inputs for which costs were counted or timed; their shapes include the batch.
  let inputs: [LayerTable.Input]
  let levels: [Level]
  /// How times were measured; nil for multiply-adds, which are counted.
  let measurement: WorkTable.Measurement?

  package init(
    budget: Budget, inputs: [LayerTable.Input], levels: [Level], measurement: WorkTable.Measurement
  ) {
    self.budget = budget
    self.inputs = inputs
    self.levels = levels
    self.measurement = budget.quantity == .time ? measurement : nil
  }

  /// The budget with its inputs, a line for each task, and how times were measured.
  package func text(width: Int?) -> String {
    var result = WrappedList.text(
      "budget: at most \(budget), for ", inputs.isEmpty ? ["no inputs"] : inputs.map(\.text), width: width)
    for level in levels {
      result +=
        "  task \(TensorName(level.task.text).quoted), level \(LevelText.text(level.level.value, level.levelName)): "
        + "\(budget.quantity.text(level.cost))\n"
    }
    return result + (measurement?.text ?? "")
  }

  package var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("quantity", .string(budget.quantity == .time ? "seconds" : "multiply_adds")),
      ("limit", number(budget.limit)), ("inputs", .array(inputs.map(\.json))),
    ]
    if let measurement { members += measurement.members }
    let rows = levels.map { level in
      object(
        [("task", .string(level.task.text)), ("level", JSONValue(level.level.value))]
          + (level.levelName.map { [("level_name", .string($0))] } ?? []) + [("cost", number(level.cost))])
    }
    members.append(("levels", .array(rows)))
    return object(members)
  }

  /// Multiply-adds, or nanoseconds as seconds.
  private func number(_ cost: Int) -> JSONValue {
    budget.quantity == .time ? .number(Double(cost) / 1e9) : JSONValue(cost)
  }
}
