internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// The users of private tensors exist, and a compact dimension has the size of its level.
enum ScopesRule: ValidationRule {
  static let summary =
    "Private tensors have existing users, and compact ones have their level's size."
  static let isOfIndex = true
  static let advice = "Correct the private tensors of the plan and convert the flat weights again."
  static let defects: Set<CheckpointDefect> = [.scope, .view]

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    var findings = subject.planFindings(of: .scopes)
    guard let checkpoint = subject.checkpoint, let resolved = subject.placement.resolved else {
      return findings
    }
    let partition = resolved.partition
    let axes = Dictionary(partition.axes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for (tensor, placement) in zip(checkpoint.index.tensors, partition.tensors) {
      do throws(PlanError) { try resolved.assignment.check(placement, axes: axes) } catch {
        findings.append(subject.finding(.scopes, at: place(of: tensor.spec), "\(error)"))
      }
    }
    do throws(PlanError) { try resolved.assignment.checkAliases(partition) } catch {
      findings.append(subject.finding(.scopes, at: "/tessera/plan", "\(error)"))
    }
    return findings
  }
}
