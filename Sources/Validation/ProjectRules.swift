/// The rules that a project has for its own files, in addition to those of the formats.
///
/// A protocol, because these rules may count parameters, and this module knows no counting policies.
package protocol ProjectRules: Sendable {
  /// The rules of which documents are there: `project`, `lock`.
  var rules: Set<RuleID> { get }
  /// The findings on one file, or on a set of shards.
  func findings(in subject: ProjectSubject) -> [ProjectFinding]
  /// The severity of NaN and infinities in a file at one of these paths; nil if the project does not set it, and
  /// `.off` if they are not a finding.
  func nonFinite(in paths: [String]) -> NonFiniteGate?
  /// Whether a pickle at one of these paths may refer to a global.
  func allows(_ global: String, canRunCode: Bool, in paths: [String]) -> Bool
  /// Whether a path is that of the project's own document, which is not examined, and need not be.
  func isDocument(_ path: String) -> Bool
}

/// What a project wants to know about NaN and infinities.
package enum NonFiniteGate: String, Sendable, CaseIterable, Comparable {
  /// From the most tolerant to the strictest.
  case off, note, warning, error

  package static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }
  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  /// The severity of a finding; nil for none.
  package var severity: Severity? { Severity(rawValue: rawValue) }
}

/// A document of a project that was used.
package struct UsedDocument: Sendable, Hashable {
  package let path: String
  /// `project` for a `tessera.toml`, `lock` for a `tessera.lock`.
  package let rule: RuleID

  package init(path: String, rule: RuleID) {
    self.path = path
    self.rule = rule
  }
}
