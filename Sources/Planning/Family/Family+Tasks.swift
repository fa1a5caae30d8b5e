internal import Tensors
internal import UnitModel

extension Family {
  /// A task with its levels, its private tensors, and the private tensors of each level.
  ///
  /// - Parameter aliases: the names that the networks use for the masks, for each rule.
  func task(
    named name: TaskID, _ levels: [[UnitID]], _ plan: Plan, _ specs: [TensorSpec], masks aliases: [String]
  ) -> PlanTask {
    var task = PlanTask(task: name)
    let own = choices[name]
    task.order = (0..<plan.unitCount).map { UnitID($0) }
    let count = own?.count ?? levels.count
    // A level with its own fraction of every axis still needs units for whole tensors; it gets those of the last level.
    task.levels = (0..<count).map { .units(own == nil ? levels[$0] : levels[levels.count - 1]) }
    if let own { task.axes = axes(own, plan) }
    // Masks come first: their alias must be the name in the tensor's entry.
    task.privateTensors =
      zip(masks, aliases).compactMap { rule, alias in
        rule.mask.contains("{level}")
          ? nil : item(ofMask: rule.mask, task: name.text, specs, known: alias)
      }
      + perTask.compactMap { item(of: $0, key: "{task}", value: name.text, specs) }
    let first = firstLevel(specs)
    for level in 1...max(1, count) {
      var items = zip(masks, aliases).compactMap { rule, alias in
        rule.mask.contains("{level}")
          ? item(
            ofMask: rule.mask.replacing("{level}", with: String(level - 1 + first)), task: name.text, specs,
            known: alias) : nil
      }
      items += perLevel.compactMap { pattern in
        item(of: pattern, key: "{level}", value: String(level - 1 + first), specs, task: name.text)
      }
      items += kept(at: level, of: count, specs)
      if !items.isEmpty {
        task.privatePerLevel.append(PlanPrivateLevel(level: LevelNumber(level), items: items))
      }
    }
    return task
  }

  /// The levels of each axis: the units whose widths are at most the level's fraction.
  private func axes(_ choices: [[(axis: NamePattern, fraction: Double)]], _ plan: Plan) -> [PlanTaskAxis] {
    guard case .widths(let widths) = units else { return [] }
    return plan.axes.compactMap { axis in
      let levels = choices.map { level -> PlanLevel in
        let fraction = level.first { $0.axis.match(axis.name.text) != nil }?.fraction ?? 1
        return .count(max(1, widths.count { $0 <= fraction + 1e-9 }))
      }
      return PlanTaskAxis(axis: axis.name, order: (0..<plan.unitCount).map { UnitID($0) }, levels: levels)
    }
  }

  /// 0 if the file numbers its levels from 0, as slimmable networks do; else 1.
  func firstLevel(_ specs: [TensorSpec]) -> Int {
    let patterns = perLevel.map { filled($0, task: "{}") } + masks.map { filled($0.mask, task: "*") }
    let zero = patterns.filter { $0.contains("{level}") }.compactMap {
      NamePattern($0.replacing("{level}", with: "0"))
    }
    return specs.contains { spec in zero.contains { $0.match(spec.name.text) != nil } } ? 0 : 1
  }

  func filled(_ pattern: String, task: String) -> String { pattern.replacing("{task}", with: task) }

  /// A private item for a pattern in which the key is filled in; its alias is the name without that component. Nil if
  /// no tensor matches.
  private func item(
    of pattern: String, key: String, value: String, _ specs: [TensorSpec], task: String = ""
  ) -> PlanPrivate? {
    let text = filled(pattern, task: task.isEmpty ? value : task)
    guard let selector = NamePattern(text.replacing(key, with: value)),
      specs.contains(where: { selector.match($0.name.text) != nil })
    else { return nil }
    var short = pattern
    for part in [".{task}", "{task}.", ".{level}", "{level}."] { short = short.replacing(part, with: "") }
    let alias = NamePattern(short)
    let keeps = alias.map {
      $0.componentCount == selector.componentCount && $0.starCount == selector.starCount
        && !short.contains(key)
    }
    return PlanPrivate(selector: .match(selector), alias: keeps == true ? alias : nil)
  }

  /// A private item for the masks of one pattern that belong to a task or to one of its levels. Nil if no tensor
  /// matches.
  private func item(
    ofMask mask: String, task: String, _ specs: [TensorSpec], known: String
  ) -> PlanPrivate? {
    guard let selector = NamePattern(filled(mask, task: task)),
      specs.contains(where: { selector.match($0.name.text) != nil })
    else { return nil }
    return PlanPrivate(selector: .match(selector), alias: NamePattern(known))
  }

  /// Tensors that this level uses and another level skips.
  private func kept(at level: Int, of count: Int, _ specs: [TensorSpec]) -> [PlanPrivate] {
    var items: [PlanPrivate] = []
    for pattern in Set(skipped.values.joined()).sorted(by: { $0.text < $1.text }) {
      guard !(skipped[level] ?? []).contains(pattern) else { continue }
      if specs.contains(where: { pattern.match($0.name.text) != nil }) {
        items.append(PlanPrivate(selector: .match(pattern)))
      }
    }
    return items
  }
}
