public import StrictJSON
public import Tensors

/// A defect of a plan, a partition or an assignment.
///
/// `place` is a path in the plan, such as `tensors[3].axes[1]`, or the value that could not be made.
public enum PlanError: Error, Hashable, Sendable {
  // Reading the document.
  case json(JSONError)
  case wrongFormat(found: String)
  case unknownKey(place: String, key: String, nearest: String?)
  case missingKey(place: String, key: String)
  case wrongType(place: String, expected: String, found: String)
  case outOfRange(place: String, expected: String, found: String)
  case badPattern(place: String, pattern: String, expected: String)
  case keysExclude(place: String, first: String, second: String)
  case nameTwice(place: String, name: String)

  // Axes.
  case unitCountDisagrees(axis: AxisName, expected: Int, found: Int)
  case sizesDisagree(axis: AxisName, expected: Int, found: Int)
  case channelOutOfRange(axis: AxisName, channel: Int, size: Int)
  case channelTwice(axis: AxisName, channel: Int)
  case channelMissing(axis: AxisName, channel: Int)
  case granuleDivided(axis: AxisName, granule: Int, found: String)
  case sizeUnknown(axis: AxisName)

  // Tensors.
  case unknownAxis(place: String, name: AxisName, nearest: String?)
  case unusedAxis(name: AxisName, nearest: String?)
  case matchesNothing(place: String, pattern: String, nearest: String?)
  case matchesNoTensor(entries: Int)
  case matchesPartly(place: String, pattern: String, nearest: String?, unmatched: Int, entries: Int)
  case tooMuchWork(place: String, limit: Int)
  case captureMissing(place: String, name: String, captures: Int)
  case rankDisagrees(tensor: TensorName, expected: Int, shape: [Int])
  case sizeDisagrees(tensor: TensorName, dimension: Int, axis: String, expected: Int, found: Int)
  case byteDivided(tensor: TensorName, dtype: DType, dimension: Int)
  case cutTooFine(tensor: TensorName, what: String, limit: Int)
  case specDisagrees(tensor: TensorName, what: String, expected: String, found: String)
  case tiedApart(tensor: TensorName, original: TensorName, what: String)
  case compactUnscoped(tensor: TensorName)
  case compactMoved(tensor: TensorName, task: TaskID, level: Int, expected: [UnitID], found: [UnitID])
  case aliasTaken(task: TaskID, level: Int, alias: TensorName, tensor: TensorName, other: TensorName)

  // Tasks.
  case unknownRule(place: String, rule: String, nearest: String?)
  case tooFewUnits(rule: String, tasks: Int, units: Int)
  case unitOutOfRange(place: String, unit: Int, unitCount: Int)
  case unitTwice(place: String, unit: Int)
  case levelTooLarge(place: String, count: Int, order: Int)
  case levelsDisagree(place: String, expected: Int, found: Int)
  case unknownTask(name: TaskID, nearest: String?, tasks: [TaskID])
  case unknownLevel(place: String, level: Int, levels: Int)
  case unknownLevelName(place: String, name: String, nearest: String?, names: [String], levels: Int)
  case tooManyNetworks(limit: Int)

  // Budgets.
  case badBudget(text: String, expected: String)
  case nothingFits(task: TaskID, budget: Budget, smallest: String)
}
