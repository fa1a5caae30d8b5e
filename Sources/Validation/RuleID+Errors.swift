package import FlatFormats
package import UnitCheckpoints
internal import UnitModel

extension RuleID {
  private static let checkpointDefects = table { $0.rule.defects }
  private static let flatRules = table { $0.rule.flatDefects }
  private static let zipRules = table { $0.rule.zipDefects }
  private static let graphRules = table { $0.rule.graphDefects }

  private static func table<Defect>(_ defects: (RuleID) -> Set<Defect>) -> [Defect: RuleID] {
    Dictionary(
      allCases.flatMap { rule in defects(rule).map { ($0, rule) } }, uniquingKeysWith: { first, _ in first })
  }

  /// The rule that an error of a checkpoint breaks.
  init(_ error: CheckpointError) {
    switch error {
    case .file, .hdf5, .stream, .unsupported: self = .structure
    case .notACheckpoint, .unknownVersion: self = .identity
    case .plan(_, let error): self = RuleID(error)
    case .broken(let defect, _, _, _, _): self = RuleID(defect)
    }
  }

  /// The rule that declares a defect of the layout; a test checks that one does.
  package init(_ defect: CheckpointDefect) { self = Self.checkpointDefects[defect] ?? .structure }

  /// The rule that declares a defect of a flat file; a test checks this for each defect that reading can find.
  package init(_ defect: FlatDefect) {
    let rule =
      switch defect {
      case .format(let rule): Self.flatRules[rule]
      case .zip(let rule): Self.zipRules[rule]
      case .graph(let rule): Self.graphRules[rule]
      }
    self = rule ?? .structure
  }

  /// The rule that a plan's error breaks.
  init(_ error: PlanError) {
    self =
      switch error {
      case .unknownRule, .tooFewUnits, .unitOutOfRange, .unitTwice, .levelTooLarge, .levelsDisagree,
        .tooManyNetworks:
        .levels
      case .outOfRange(let place, _, _) where place.hasSuffix(".order") || place.hasSuffix(".levels"): .levels
      case .unknownTask, .unknownLevel, .compactUnscoped, .compactMoved, .aliasTaken: .scopes
      case .tiedApart: .ties
      default: .plan
      }
  }
}
