/// A finding of a project's document, about the file that is being checked.
package struct ProjectFinding: Sendable {
  /// `project`, `lock` or `signature`; `unexamined` for a rule that could not be applied.
  let rule: RuleID
  let severity: Severity
  let file: String?
  let location: String
  let message: String
  let defect: String

  /// A file that breaks a rule.
  ///
  /// - Parameters:
  ///   - key: what was compared; for a `tessera.toml`, the key there. It gives the stable name of the defect.
  ///   - rule: the rule of the document's kind.
  ///   - file: the path of a shard; nil for the file, or the set, as a whole.
  package init(
    _ key: String, of rule: RuleID = .project, severity: Severity = .error, file: String? = nil,
    at location: String = "",
    _ message: String
  ) {
    self.rule = rule
    self.severity = severity
    self.file = file
    self.location = location
    self.message = message
    defect = "\(rule.rawValue).\(key)"
  }

  /// The finding on the file at `path`.
  func about(_ path: String) -> Finding {
    Finding(rule, severity, file: file ?? path, location: location, message: message, defect: defect)
  }

  /// A rule that could not be applied.
  package init(unexamined key: String, of rule: RuleID = .project, file: String? = nil, _ message: String) {
    self.rule = .unexamined
    severity = .warning
    self.file = file
    location = ""
    self.message = message
    defect = "\(rule.rawValue).\(key)"
  }
}
