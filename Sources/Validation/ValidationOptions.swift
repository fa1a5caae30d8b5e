package import Tensors
package import UnitModel

/// What is asked of the files, and which findings are wanted.
package struct ValidationOptions: Sendable {
  /// Also read every byte and recompute checksums and digests.
  package var deep = false
  /// What the elements of a NumPy array are whose own dtype is only a width.
  package var assumeDType: DType?
  /// Severities that replace those of the rules. A rule that is off has none.
  package var severities: [RuleID: Severity?] = [:]
  /// Globals that a pickle may name.
  package var allowedGlobals = GlobalAllowList()
  /// Tensors in which -Inf is meant: masks that are added before a softmax.
  package var maskPatterns: [NamePattern] = []
  /// Whether files of a folder, and parts of a checkpoint, that are not looked at are findings.
  package var strict = false

  package init() {}

  /// The findings with the severities that were asked for.
  func adjusted(_ findings: [Finding]) -> [Finding] {
    findings.compactMap { finding in
      guard let wanted = severities[finding.rule] else { return finding }
      return wanted.map { finding.with(severity: $0) }
    }
  }
}
