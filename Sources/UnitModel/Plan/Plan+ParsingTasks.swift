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
  if let levels = object.optional("levels") { task.levels = try readLevels(levels) }
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
      // Exactly the spelling of the number, or "1" and "01" would be two keys for one level.
      guard let number = Int(member.key), number >= 1, String(number) == member.key else {
        throw .outOfRange(
          place: levels.place, expected: "level numbers from \"1\" as keys",
          found: "\"\(JSONWriter.escaped(member.key))\"")
      }
      let items = try readPrivate(levels.named(member.key, member.value))
      task.privatePerLevel.append(PlanPrivateLevel(level: LevelNumber(number), items: items))
    }
  }
  return task
}

private func readLevels(_ node: PlanNode) throws(PlanError) -> [PlanLevel] {
  var levels: [PlanLevel] = []
  for item in try node.array() {
    if case .array = item.value {
      levels.append(.units(try readUnits(item)))
    } else {
      levels.append(
        .count(try item.integer(in: 0...Partition.unitLimit, "a number of units or a list of them")))
    }
  }
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
        // Two tensors must not get one name because a wildcard was left out.
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
