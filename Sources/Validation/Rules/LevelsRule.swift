internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// Every task has an explicit order, and levels that use only existing units, each once.
enum LevelsRule: ValidationRule {
  static let summary = "Orders and levels are explicit and use only existing units, each once."
  static let isOfIndex = true
  static let advice = "Correct the tasks of the plan and convert the flat weights again."
  static let defects: Set<CheckpointDefect> = [.network]

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let plan = try? subject.plan?.get() else { return subject.planFindings(of: .levels) }
    var problems: [(place: String, text: String)] = []
    for task in plan.tasks {
      let place = "/tessera/plan task \(task.task.quoted)"
      let own = Problems(order: task.order, levels: task.levels, unitCount: plan.unitCount)
      problems += own.list.map { (place, $0) }
      for axis in task.axes {
        let place = "\(place), axis '\(axis.axis.text)'"
        let onAxis = Problems(order: axis.order, levels: axis.levels, unitCount: plan.unitCount)
        problems += onAxis.list.map { (place, $0) }
        if let all = task.levels?.count, let here = axis.levels?.count, all != here {
          problems.append((place, "expected \(all) levels, like the task, found \(here)"))
        }
      }
    }
    if problems.isEmpty { return subject.planFindings(of: .levels) }
    return problems.map { subject.finding(.levels, at: $0.place, $0.text) }
  }

  /// The defects of one order and its levels.
  private struct Problems {
    private(set) var list: [String] = []

    init(order: [UnitID]?, levels: [PlanLevel]?, unitCount: Int) {
      if order == nil { list.append("expected an explicit order, found none") }
      if levels?.isEmpty ?? true { list.append("expected at least one level, found none") }
      check(order ?? [], "the order", unitCount)
      for (number, level) in (levels ?? []).enumerated() {
        switch level {
        case .count(let count):
          if let order, count > order.count {
            list.append(
              "level \(number + 1): expected at most the \(order.count) units of the order, found \(count)")
          }
        case .units(let units): check(units, "level \(number + 1)", unitCount)
        }
      }
    }

    private mutating func check(_ units: [UnitID], _ what: String, _ unitCount: Int) {
      var seen = Set<UnitID>()
      for unit in units {
        if !(0..<unitCount).contains(unit.index) {
          list.append("\(what): expected units below \(unitCount), found \(unit)")
        }
        if !seen.insert(unit).inserted {
          list.append("\(what): expected every unit once, found \(unit) again")
        }
      }
    }
  }
}
