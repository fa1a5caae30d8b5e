internal import Tensors

extension PlanError: CustomStringConvertible {
  /// One sentence: the place, what was expected, what was found. The caller puts the file's name before it.
  public var description: String {
    switch self {
    case .json(let error): "\(error)"
    case .wrongFormat(let found): "format: expected \"\(Plan.format)\", found \(found)"
    case .unknownKey(let place, let key, let nearest):
      "\(place.isEmpty ? "plan" : place): expected a known key, found \(quoted(key))\(did(nearest))"
    case .missingKey(let place, let key): "\(place): expected \"\(key)\", found no such key"
    case .wrongType(let place, let expected, let found): "\(place): expected \(expected), found \(found)"
    case .outOfRange(let place, let expected, let found): "\(place): expected \(expected), found \(found)"
    case .badPattern(let place, let pattern, let expected):
      "\(place): expected \(expected), found \(quoted(pattern))"
    case .keysExclude(let place, let first, let second):
      "\(place): expected either \"\(first)\" or \"\(second)\", found both"
    case .nameTwice(let place, let name): "\(place): expected each name once, found \(quoted(name)) again"
    case .unitCountDisagrees(let axis, let expected, let found):
      "axis \(axis.quoted): expected \(expected) units, found \(found)"
    case .sizesDisagree(let axis, let expected, let found):
      "axis \(axis.quoted): expected unit sizes that add up to \(expected) channels, found \(found)"
    case .channelOutOfRange(let axis, let channel, let size):
      "axis \(axis.quoted): expected channels from 0 to \(size - 1), found \(channel)"
    case .channelTwice(let axis, let channel):
      "axis \(axis.quoted): expected each channel once, found channel \(channel) twice"
    case .channelMissing(let axis, let channel):
      "axis \(axis.quoted): expected every channel in a unit or common, found channel \(channel) in none"
    case .granuleDivided(let axis, let granule, let found):
      "axis \(axis.quoted): expected whole granules of \(granule) channels, found \(found)"
    case .sizeUnknown(let axis):
      "axis \(axis.quoted): expected \"size\" or a tensor dimension that gives it, found neither"
    case .unknownAxis(let place, let name, let nearest):
      "\(place): expected an axis of the plan, found \(name.quoted)\(did(nearest))"
    case .unusedAxis(let name, let nearest):
      "axis \(name.quoted): expected a tensor that lies on it, found none\(did(nearest))"
    case .matchesNothing(let place, let pattern, let nearest):
      "\(place): expected the name of a tensor, found \(quoted(pattern)), which matches none\(did(nearest))"
    case .matchesNoTensor(let entries):
      "tensors: 0 of \(entries) \(entries == 1 ? "pattern matches" : "patterns match"): "
        + "is this plan for another model?"
    case .matchesPartly(let place, let pattern, let nearest, let unmatched, let entries):
      "\(PlanError.matchesNothing(place: place, pattern: pattern, nearest: nearest)); "
        + "\(unmatched) of \(entries) patterns match no tensor: is this plan for another model?"
    case .tooMuchWork(let place, let limit):
      "\(place): expected a plan that needs at most \(limit.grouped) comparisons of bytes, found more"
    case .captureMissing(let place, let name, let captures):
      "\(place): expected at most \(captures) {} in the name, as many as the pattern has, found \(quoted(name))"
    case .rankDisagrees(let tensor, let expected, let shape):
      "tensor \(tensor.quoted): expected an entry for "
        + (shape.count == 1 ? "the dimension" : "each of the \(shape.count) dimensions")
        + " of \(shape), found \(expected)"
    case .sizeDisagrees(let tensor, let dimension, let axis, let expected, let found):
      "tensor \(tensor.quoted), dimension \(dimension), axis \(axis): expected \(expected) positions, found \(found)"
    case .byteDivided(let tensor, let dtype, let dimension):
      "tensor \(tensor.quoted), dimension \(dimension): expected cuts at whole "
        + (dtype.isBlockQuantised
          ? "blocks of \(dtype.block.elements) elements of \(dtype.rawValue), found one inside a block; "
            + "a granule of \(dtype.block.elements) channels on the axis gives such cuts "
            + "(--axis 'NAME:granule=\(dtype.block.elements)')"
          : "bytes of \(dtype.rawValue), found one inside a byte")
    case .cutTooFine(let tensor, let what, let limit):
      "tensor \(tensor.quoted): expected at most \(limit) \(what), found more"
    case .specDisagrees(let tensor, let what, let expected, let found):
      "tensor \(tensor.quoted), \(what): expected \(expected), found \(found)"
    case .tiedApart(let tensor, let original, let what):
      "tensor \(tensor.quoted): expected the dtype, shape, cut and users of \(original.quoted), which it is tied to, "
        + "found \(what)"
    case .compactUnscoped(let tensor):
      "tensor \(tensor.quoted): expected one task or level that uses the compact tensor, found none"
    case .compactMoved(let tensor, let task, let level, let expected, let found):
      "tensor \(tensor.quoted): expected units \(expected) at level \(level) of task \(task.quoted), because it has "
        + "only their channels, found \(found.isEmpty ? "units of other channels" : "\(found)")"
    case .aliasTaken(let task, let level, let alias, let tensor, let other):
      "tensor \(tensor.quoted): expected one tensor named \(alias.quoted) in task \(task.quoted), level \(level), "
        + "found \(other.quoted) too"
    case .unknownRule(let place, let rule, let nearest):
      "\(place): expected a rule that makes orders, or an order for every task, found \(quoted(rule))\(did(nearest))"
    case .tooFewUnits(let rule, let tasks, let units):
      "assignment: expected at least as many units as tasks for rule \(quoted(rule)), "
        + "found \(units) units for \(tasks) tasks"
    case .unitOutOfRange(let place, let unit, let unitCount):
      "\(place): expected units from 0 to \(unitCount - 1), found \(unit)"
    case .unitTwice(let place, let unit): "\(place): expected each unit once, found \(unit) twice"
    case .levelTooLarge(let place, let count, let order):
      "\(place): expected at most \(order) units, as many as the order has, found \(count)"
    case .levelsDisagree(let place, let expected, let found):
      "\(place): expected \(expected) levels, as many as the task has, found \(found)"
    case .unknownTask(let name, let nearest, let tasks):
      "task: expected \(some(of: tasks)), found \(name.quoted)\(did(nearest))"
    case .unknownLevel(let place, let level, let levels):
      "\(place): expected a level from 1 to \(levels), found \(level)"
    case .unknownLevelName(let place, let name, let nearest, let names, let levels):
      "\(place): expected a level from 1 to \(levels)"
        + (names.isEmpty ? "" : " or one of " + names.prefix(8).map(quoted).joined(separator: ", "))
        + ", found \(quoted(name))\(did(nearest))"
    case .tooManyNetworks(let limit): "tasks: expected at most \(limit) levels in total, found more"
    case .badBudget(let text, let expected): "budget: expected \(expected), found \(quoted(text))"
    case .nothingFits(let task, let budget, let smallest):
      "task \(task.quoted): expected a level within \(budget), found that the smallest takes \(smallest)"
    }
  }
}

extension PlanError {
  /// The error for an unknown task, with the nearest name and the existing tasks.
  package static func unknownTask(_ name: TaskID, among tasks: [TaskAssignment]) -> PlanError {
    .unknownTask(
      name: name, nearest: nearestName(to: name.text, among: tasks.lazy.map(\.task.text)),
      tasks: tasks.map(\.task))
  }
}

private func quoted(_ name: String) -> String { TensorName(name).quoted }

/// The names of up to eight tasks; for more tasks, their number.
private func some(of tasks: [TaskID]) -> String {
  switch tasks.count {
  case 0: "no task, because the file has none"
  case 1: tasks[0].quoted
  case 2...8: tasks.dropLast().map(\.quoted).joined(separator: ", ") + " or " + tasks[tasks.count - 1].quoted
  default: "one of the \(tasks.count) tasks"
  }
}

private func did(_ nearest: String?) -> String {
  nearest.map { "; the nearest name is \(quoted($0))" } ?? ""
}
