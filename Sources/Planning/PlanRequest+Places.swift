package import UnitModel

extension PlanRequest {
  /// The command-line option that a place in the plan comes from.
  func option(at place: String) -> String {
    if let entry = placeIndex(place, of: "tensors") {
      return cuts.indices.contains(entry) ? "--cut '\(cuts[entry].text)'" : "an entry of the preset"
    }
    switch place.prefix(while: { $0.isLetter }) {
    case "tensors": return "--cut"
    case "axes": return "--axis"
    case "tasks":
      guard let levels = place.firstRange(of: ".levels[") else { return "--tasks" }
      let number = Int(place[levels.upperBound...].prefix { $0 != "]" })
      return "--levels" + (number.map { ", level \($0 + 1)" } ?? "")
    case "assignment": return "--rule"
    case "units": return "--units"
    default: return place
    }
  }

  /// An error of a plan made from options; its place is given as an option.
  package func placed(_ error: PlanError) -> PlanningError {
    if case .tooFewUnits(let rule, let tasks, let units) = error {
      return .badOption(
        option: "--units", text: "\(units)",
        expected: "at least as many units as tasks (\(tasks)) for rule '\(rule)'", found: "\(units)")
    }
    return .plan(error.placed(by: option(at:)))
  }
}
