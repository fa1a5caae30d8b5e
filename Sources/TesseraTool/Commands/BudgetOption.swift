internal import UnitModel

extension PlanError {
  /// The sentence for an invalid budget that was given with `option`.
  func sentence(option: String) -> String {
    guard case .badBudget(let text, let expected) = self else { return "\(option): \(self)" }
    return "\(option): expected \(expected), found '\(text)'"
  }
}
