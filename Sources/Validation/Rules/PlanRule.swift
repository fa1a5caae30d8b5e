internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// The plan can be read, and agrees with the tables.
enum PlanRule: ValidationRule {
  static let summary = "The plan can be read, and agrees with the tables."
  static let isOfIndex = true
  static let advice = "Convert the flat weights again with the intended plan."
  static let defects: Set<CheckpointDefect> = [.planDisagrees]

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    var findings = subject.planFindings(of: .plan)
    guard let resolved = subject.placement.resolved else { return findings }
    do throws(CheckpointError) {
      if let difference = try checkpoint.planDifference(resolved) {
        findings.append(subject.finding(difference))
      }
    } catch { findings.append(subject.finding(error)) }
    return findings
  }
}

extension CheckpointSubject {
  /// The finding on an error of the plan, if the error belongs to `rule`.
  func planFindings(of rule: RuleID) -> [Finding] {
    var error = placement.error
    if case .failure(.plan(_, let unread))? = plan { error = unread }
    guard let error, RuleID(error) == rule else { return [] }
    return [finding(rule, at: "/tessera/plan", "\(error)")]
  }
}
