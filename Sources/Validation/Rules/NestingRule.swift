internal import Tensors
internal import UnitModel

/// Every level of a task contains the level below it.
///
/// Levels given as numbers of units of one order nest if they ascend; lists of units need not nest. Tools that grow a
/// network level by level rely on nesting, so levels that do not nest get a note.
enum NestingRule: ValidationRule {
  static let summary = "Every level of a task contains the one below it."
  static let advice =
    "Check that the order of units is intended; levels that do not nest cost more to store and to switch."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let assignment = subject.placement.resolved?.assignment else { return [] }
    var findings: [Finding] = []
    for task in assignment.tasks {
      let orders = [("", task.levels)] + task.axes.map { (", axis \($0.axis.quoted)", $0.levels) }
      for (axis, levels) in orders {
        for (number, pair) in zip(levels, levels.dropFirst()).enumerated() where !pair.0.isSubset(of: pair.1)
        {
          findings.append(
            subject.finding(
              .nesting, .note, at: "/tessera/plan task \(task.task.quoted)\(axis)",
              "expected level \(number + 2) to contain the units \(pair.0) of level \(number + 1), "
                + "found \(pair.1)"))
        }
      }
    }
    return findings
  }
}
