internal import Tensors

extension Plan {
  /// The plan with other orders of units. Each level keeps its number of units, so its size changes only if units
  /// differ in size.
  ///
  /// A task without an entry in `orders` keeps its order. The task's own orders of axes stay, unless the
  /// entry has others.
  ///
  /// Throws `PlanError.unknownTask`, `.unitOutOfRange`, `.unitTwice` or `.levelTooLarge`.
  public func reassigned(_ orders: [UnitOrder], _ provenance: Provenance) throws(PlanError) -> Plan {
    var plan = try filled()
    plan.provenance = provenance
    for new in orders {
      guard let place = plan.tasks.firstIndex(where: { $0.task == new.task }) else {
        throw .unknownTask(
          name: new.task, nearest: nearestName(to: new.task.text, among: tasks.lazy.map(\.task.text)),
          tasks: tasks.map(\.task))
      }
      let old = plan.tasks[place]
      func counts(_ levels: [PlanLevel]?) -> [PlanLevel] { levels?.map { .count($0.unitCount) } ?? [] }
      plan.tasks[place].order = new.order
      plan.tasks[place].levels = counts(old.levels)
      let own = new.axes.sorted { $0.key < $1.key }.compactMap { axis, order in
        let known = old.axes.first { $0.axis.match(axis.text) != nil }
        return NamePattern(axis.text).map {
          PlanTaskAxis(axis: $0, order: order, levels: counts(known?.levels ?? old.levels))
        }
      }
      plan.tasks[place].axes = own + old.axes.filter { kept in !own.contains { $0.axis == kept.axis } }
    }
    return try plan.filled()
  }
}

extension PlanLevel {
  /// The number of units, if each is named once.
  var unitCount: Int {
    switch self {
    case .count(let count): count
    case .units(let units): units.count
    }
  }
}
