internal import UnitModel

extension PlanError {
  /// What is wrong with the text of an option that takes a budget.
  func sentence(option: String) -> String {
    guard case .badBudget(let text, let expected) = self else { return "\(option): \(self)" }
    return "\(option): expected \(expected), found '\(text)'"
  }
}
