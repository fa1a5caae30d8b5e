internal import UnitCheckpoints
internal import UnitModel

/// Tied tensors have the same dtype, shape, cut, digest and users.
///
/// The parts in the index are compared on opening; scopes come from the plan.
enum TiesRule: ValidationRule {
  static let summary = "Tied tensors agree in dtype, shape, cut, scope and digest."
  static let isOfIndex = true
  static let advice =
    "Give tied tensors one cut and one scope in the plan, and convert the flat weights again."
  static let defects: Set<CheckpointDefect> = [.tieTarget, .tieDisagrees]

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    subject.planFindings(of: .ties)
  }
}
