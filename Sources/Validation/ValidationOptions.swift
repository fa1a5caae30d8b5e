package import ByteFiles
package import FlatFormats
internal import Tensors
package import UnitModel

/// What a file is to a set of shards.
enum PartOfSet: Sendable {
  case no
  /// A shard of a set that is checked as a whole.
  case ofSoundSet
  /// A shard of a set that cannot be opened as a whole.
  case ofDamagedSet
}

/// The user's choices: which files are checked, how they are checked, and which findings are reported.
package struct ValidationOptions: Sendable {
  /// Whether to also read every byte and recompute checksums and digests.
  package var deep = false
  /// The dtype and the names, where flat files leave them open.
  package var reading = ReadingChoices()
  /// Severities that replace those of the rules; nil turns a rule off.
  package var severities: [RuleID: Severity?] = [:]
  /// Globals that a pickle may refer to.
  package var allowedGlobals = GlobalAllowList()
  /// Patterns of tensors that may have -Inf: masks that are added before a softmax.
  package var maskPatterns: [NamePattern] = []
  /// Whether files of a folder, and parts of a checkpoint, that are not examined are findings.
  package var strict = false
  /// The rules of the project that the files belong to; nil without one.
  package var project: (any ProjectRules)?
  /// A file that the command replaces, and so must not open; nil for none.
  package var output: FileIdentity?
  /// Whether the file is a shard of a set, about which the project's rules are.
  var part = PartOfSet.no

  package init() {}

  /// The findings in the order of the rules: those of a project include findings of `unexamined`.
  func ordered(_ findings: [Finding]) -> [Finding] {
    if project == nil { return findings }
    let byRule = Dictionary(grouping: findings, by: \.rule)
    return RuleID.allCases.flatMap { byRule[$0] ?? [] }
  }

  /// The findings with the severities that the user chose.
  func adjusted(_ findings: [Finding]) -> [Finding] {
    findings.compactMap { finding in
      guard let wanted = severities[finding.rule] else { return finding }
      return wanted.map { finding.with(severity: $0) }
    }
  }
}
