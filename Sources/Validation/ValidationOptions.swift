package import Tensors
package import UnitModel

/// The user's choices: which files are checked, how they are checked, and which findings are reported.
package struct ValidationOptions: Sendable {
  /// Whether to also read every byte and recompute checksums and digests.
  package var deep = false
  /// The dtype of NumPy arrays whose own dtype only gives a width.
  package var assumeDType: DType?
  /// Severities that replace those of the rules; nil turns a rule off.
  package var severities: [RuleID: Severity?] = [:]
  /// Globals that a pickle may refer to.
  package var allowedGlobals = GlobalAllowList()
  /// Patterns of tensors that may have -Inf: masks that are added before a softmax.
  package var maskPatterns: [NamePattern] = []
  /// Whether files of a folder, and parts of a checkpoint, that are not examined are findings.
  package var strict = false

  package init() {}

  /// The findings with the severities that the user chose.
  func adjusted(_ findings: [Finding]) -> [Finding] {
    findings.compactMap { finding in
      guard let wanted = severities[finding.rule] else { return finding }
      return wanted.map { finding.with(severity: $0) }
    }
  }
}
