internal import StrictJSON
internal import Tensors

extension Plan {
  /// The plan with all orders and levels filled in; the rule makes missing orders.
  ///
  /// Throws `PlanError.outOfRange`, `.tooFewUnits`, `.unknownRule`, `.unitOutOfRange`, `.unitTwice`, `.levelTooLarge`,
  /// `.tooManyNetworks` or `.levelsDisagree`.
  public func filled() throws(PlanError) -> Plan {
    guard (1...Partition.unitLimit).contains(unitCount) else {
      throw .outOfRange(place: "units", expected: "1 to \(Partition.unitLimit) units", found: "\(unitCount)")
    }
    var plan = self
    let rule = try self.rule()
    if !tasks.isEmpty { plan.provenance = provenance ?? Provenance(rule: rule?.rawValue ?? "by-hand") }
    for index in tasks.indices {
      let place = "tasks[\(index)]"
      var task = tasks[index]
      if task.order == nil, let rule {
        task.order = try rule.order(ofTask: index, taskCount: tasks.count, unitCount: unitCount)
      }
      let order = task.order ?? []
      try check(order, place: "\(place).order")
      // A task without levels gets one level for each unit of its order.
      let levels = task.levels ?? order.indices.map { .count($0 + 1) }
      task.levels = levels
      _ = try sets(levels, order: order, place: "\(place).levels")
      for own in task.axes.indices {
        let axis = task.axes[own]
        let axisPlace = "\(place).axes.\(axis.axis.text)"
        let axisOrder = axis.order ?? order
        try check(axisOrder, place: "\(axisPlace).order")
        let axisLevels = axis.levels ?? levels
        if axisLevels.count != levels.count {
          throw .levelsDisagree(place: "\(axisPlace).levels", expected: levels.count, found: axisLevels.count)
        }
        _ = try sets(axisLevels, order: axisOrder, place: "\(axisPlace).levels")
        task.axes[own].order = axisOrder
        task.axes[own].levels = axisLevels
      }
      plan.tasks[index] = task
    }
    return plan
  }

  /// The rule that makes missing orders; nil if none is missing.
  private func rule() throws(PlanError) -> AssignmentRule? {
    guard tasks.contains(where: { $0.order == nil }) else { return nil }
    guard let provenance else { return .nearest }
    guard let rule = AssignmentRule(rawValue: provenance.rule) else {
      throw .unknownRule(
        place: "assignment.rule", rule: provenance.rule,
        nearest: nearestName(to: provenance.rule, among: AssignmentRule.allCases.map(\.rawValue)))
    }
    if tasks.count > unitCount {
      throw .tooFewUnits(rule: rule.rawValue, tasks: tasks.count, units: unitCount)
    }
    return rule
  }

  private func check(_ order: [UnitID], place: String) throws(PlanError) {
    var seen = UnitSet()
    for unit in order {
      if !(0..<unitCount).contains(unit.index) {
        throw .unitOutOfRange(place: place, unit: unit.index, unitCount: unitCount)
      }
      if seen.contains(unit) { throw .unitTwice(place: place, unit: unit.index) }
      seen.insert(unit)
    }
  }

  /// The unit sets of levels.
  private func sets(_ levels: [PlanLevel], order: [UnitID], place: String) throws(PlanError) -> [UnitSet] {
    if levels.count > Assignment.networkLimit { throw .tooManyNetworks(limit: Assignment.networkLimit) }
    var sets: [UnitSet] = []
    sets.reserveCapacity(levels.count)
    for (index, level) in levels.enumerated() {
      switch level {
      case .count(let count):
        if count < 0 || count > order.count {
          throw .levelTooLarge(place: "\(place)[\(index)]", count: count, order: order.count)
        }
        sets.append(UnitSet(order[..<count]))
      case .units(let units):
        if let outside = units.first(where: { !(0..<unitCount).contains($0.index) }) {
          throw .unitOutOfRange(place: "\(place)[\(index)]", unit: outside.index, unitCount: unitCount)
        }
        sets.append(UnitSet(units))
      }
    }
    return sets
  }

  /// The assignment of a filled plan, with its axis templates applied to `axes`.
  func assignment(
    _ filled: Plan, axes: [ChannelAxis], work: inout PlanWork
  ) throws(PlanError) -> Assignment {
    if filled.tasks.isEmpty, filled.provenance == nil { return .none }
    let names = axes.map(\.name)
    var tasks: [TaskAssignment] = []
    for (index, task) in filled.tasks.enumerated() {
      let place = "tasks[\(index)]"
      let order = task.order ?? []
      let levels = try sets(task.levels ?? [], order: order, place: "\(place).levels")
      var own: [AxisName: AxisAssignment] = [:]
      // An entry for one axis comes before templates; of the templates, the first one is used.
      for entry in task.axes.filter(\.axis.isLiteral) + task.axes.filter({ !$0.axis.isLiteral }) {
        work.place = "\(place).axes"
        var found: [AxisName] = []
        for name in names where try work.matches(entry.axis, name) { found.append(name) }
        if found.isEmpty {
          throw .unknownAxis(
            place: "\(place).axes", name: AxisName(entry.axis.text),
            nearest: nearestName(to: entry.axis.text, among: names.lazy.map(\.text)))
        }
        let axisOrder = entry.order ?? order
        let axisLevels = try sets(
          entry.levels ?? task.levels ?? [], order: axisOrder,
          place: "\(place).axes.\(entry.axis.text).levels")
        for name in found where own[name] == nil {
          own[name] = AxisAssignment(axis: name, order: axisOrder, levels: axisLevels)
        }
      }
      tasks.append(
        TaskAssignment(
          task: task.task, order: order, levels: levels, levelNames: task.levelNames,
          axes: names.compactMap { own[$0] }, norm: task.norm))
    }
    return try Assignment(
      tasks: tasks, provenance: filled.provenance ?? Provenance(rule: "none"), unitCount: unitCount,
      axes: names)
  }

  /// The assignment without tensors: an entry for several axes counts as one axis of its name.
  ///
  /// Throws the errors of `filled`.
  package func assignmentAlone() throws(PlanError) -> Assignment {
    let filled = try filled()
    var tasks: [TaskAssignment] = []
    for (index, task) in filled.tasks.enumerated() {
      let order = task.order ?? []
      let place = "tasks[\(index)]"
      var axes: [AxisAssignment] = []
      for entry in task.axes {
        let own = entry.order ?? order
        axes.append(
          AxisAssignment(
            axis: AxisName(entry.axis.text), order: own,
            levels: try sets(entry.levels ?? [], order: own, place: "\(place).axes.\(entry.axis.text).levels")
          ))
      }
      tasks.append(
        TaskAssignment(
          task: task.task, order: order,
          levels: try sets(task.levels ?? [], order: order, place: "\(place).levels"),
          levelNames: task.levelNames, axes: axes, norm: task.norm))
    }
    return try Assignment(
      tasks: tasks, provenance: filled.provenance ?? Provenance(rule: "none"), unitCount: unitCount,
      axes: filled.tasks.flatMap { $0.axes.map { AxisName($0.axis.text) } })
  }

  /// The users of each tensor that `private` or `private_per_level` names, and of tensors tied to it.
  func matchScopes(
    _ names: NameTable, tasks: [PlanTask], assignment: Assignment, work: inout PlanWork
  ) throws(PlanError) -> [Int: TensorScope] {
    var users: [Int: [TensorScope.User]] = [:]
    for (index, task) in tasks.enumerated() {
      var own: [Int: [TensorScope.User]] = [:]
      for level in task.privatePerLevel {
        let place = "tasks[\(index)].private_per_level.\(level.level)"
        let levels = task.levels?.count ?? 0
        if level.level.value > levels {
          throw .unknownLevel(place: place, level: level.level.value, levels: levels)
        }
        for (item, entry) in level.items.enumerated() {
          for (tensor, alias) in try matches(entry, names, place: "\(place)[\(item)]", work: &work) {
            try work.add(PlanWork.user + (own[tensor]?.count ?? 0))
            if own[tensor]?.contains(where: { $0.level == level.level }) == true { continue }
            own[tensor, default: []].append(
              TensorScope.User(task: task.task, level: level.level, alias: alias))
          }
        }
      }
      // A tensor named in `private_per_level` belongs to these levels only; `private` is for all other tensors.
      for (item, entry) in task.privateTensors.enumerated() {
        let place = "tasks[\(index)].private[\(item)]"
        for (tensor, alias) in try matches(entry, names, place: place, work: &work)
        where own[tensor] == nil {
          try work.add(PlanWork.user)
          own[tensor] = [TensorScope.User(task: task.task, alias: alias)]
        }
      }
      for (tensor, found) in own {
        users[tensor, default: []] += found.sorted { ($0.level?.value ?? 0) < ($1.level?.value ?? 0) }
      }
    }
    for place in names.tied.keys.sorted() where users[place] == nil {
      guard let other = names.tied[place]?.first(where: { users[$0] != nil }), let found = users[other] else {
        continue
      }
      users[place] = found.map { TensorScope.User(task: $0.task, level: $0.level) }
    }
    return users.mapValues(TensorScope.init)
  }

  private func matches(
    _ item: PlanPrivate, _ names: NameTable, place: String, work: inout PlanWork
  ) throws(PlanError) -> [(tensor: Int, alias: TensorName?)] {
    work.place = place
    let found = try names.matches(item.selector, work: &work)
    if found.isEmpty { throw names.matchesNothing(item.selector, place: place) }
    return found.map { match in
      (match.place, item.alias?.filled(with: match.captures).map { TensorName($0) })
    }
  }
}
