internal import StrictJSON
internal import Tensors

func readTasks(_ node: PlanNode?) throws(PlanError) -> [PlanTask] {
  var tasks: [PlanTask] = []
  var seen: Set<TaskID> = []
  for item in try node?.array() ?? [] {
    let task = try readTask(item)
    if !seen.insert(task.task).inserted {
      throw .nameTwice(place: "\(item.place).name", name: task.task.text)
    }
    tasks.append(task)
  }
  return tasks
}

private func readTask(_ node: PlanNode) throws(PlanError) -> PlanTask {
  let object = try node.object(
    allowing: ["name", "order", "levels", "axes", "private", "private_per_level", "norm"])
  var task = PlanTask(task: TaskID(try object.required("name").string()))
  if let order = object.optional("order") { task.order = try readUnits(order) }
  if let levels = object.optional("levels") { (task.levels, task.levelNames) = try readNamedLevels(levels) }
  if let norm = object.optional("norm") { task.norm = try readCase(norm, NormMode.self) }
  if let items = object.optional("private") { task.privateTensors = try readPrivate(items) }
  if let axes = object.optional("axes") {
    for member in try axes.members().members {
      let node = axes.named(member.key, member.value)
      let own = try node.object(allowing: ["order", "levels"])
      var axis = PlanTaskAxis(axis: try node.pattern(member.key))
      if let order = own.optional("order") { axis.order = try readUnits(order) }
      if let levels = own.optional("levels") { axis.levels = try readLevels(levels) }
      task.axes.append(axis)
    }
  }
  if let levels = object.optional("private_per_level") {
    for member in try levels.members().members {
      // Only the usual spelling of a number is allowed; otherwise "1" and "01" would be two keys for one level.
      let named = task.levelNames.firstIndex { $0.utf8.elementsEqual(member.key.utf8) }.map { $0 + 1 }
      guard let number = named ?? Int(member.key), number >= 1, named != nil || String(number) == member.key
      else {
        throw .outOfRange(
          place: levels.place, expected: "level numbers from \"1\", or names of levels, as keys",
          found: "\"\(JSONWriter.escaped(member.key))\"")
      }
      if task.privatePerLevel.contains(where: { $0.level.value == number }) {
        throw .nameTwice(place: levels.place, name: member.key)
      }
      let items = try readPrivate(levels.named(member.key, member.value))
      task.privatePerLevel.append(PlanPrivateLevel(level: LevelNumber(number), items: items))
    }
  }
  return task
}

/// A list of levels, or an object of levels by name, in order.
private func readNamedLevels(_ node: PlanNode) throws(PlanError) -> ([PlanLevel], names: [String]) {
  guard case .object(let object) = node.value else { return (try readLevels(node), []) }
  var levels: [PlanLevel] = []
  for member in object.members {
    guard LevelName.isValid(member.key) else {
      throw .outOfRange(
        place: node.place, expected: LevelName.expected, found: "\"\(JSONWriter.escaped(member.key))\"")
    }
    levels.append(try readLevel(node.named(member.key, member.value)))
  }
  if levels.isEmpty { throw .outOfRange(place: node.place, expected: "at least one level", found: "none") }
  return (levels, object.members.map(\.key))
}

private func readLevel(_ item: PlanNode) throws(PlanError) -> PlanLevel {
  if case .array = item.value { return .units(try readUnits(item)) }
  return .count(try item.integer(in: 0...Partition.unitLimit, "a number of units or a list of them"))
}

private func readLevels(_ node: PlanNode) throws(PlanError) -> [PlanLevel] {
  var levels: [PlanLevel] = []
  for item in try node.array() { levels.append(try readLevel(item)) }
  if levels.isEmpty { throw .outOfRange(place: node.place, expected: "at least one level", found: "none") }
  return levels
}

private func readPrivate(_ node: PlanNode) throws(PlanError) -> [PlanPrivate] {
  var items: [PlanPrivate] = []
  for item in try node.array() {
    switch item.value {
    case .string(let text): items.append(PlanPrivate(selector: .match(try item.pattern(text))))
    case .object:
      let object = try item.object(allowing: ["match", "name", "as"])
      var entry = PlanPrivate(selector: try readSelector(object))
      if let alias = object.optional("as") {
        let pattern = try alias.pattern()
        let (components, stars) =
          switch entry.selector {
          case .match(let match): (match.componentCount, match.starCount)
          case .name: (0, 0)
          }
        // Without this check, a missing wildcard could give two tensors the same name.
        if pattern.componentCount != components || pattern.starCount != stars {
          throw .badPattern(
            place: alias.place, pattern: pattern.text,
            expected: "the wildcards of '\(JSONWriter.escaped(entry.selector.text))'")
        }
        entry.alias = pattern
      }
      items.append(entry)
    default: throw item.wrongType("a pattern or an object")
    }
  }
  return items
}
