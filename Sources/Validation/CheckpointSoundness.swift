package import FlatFormats
package import UnitCheckpoints

/// The check of a checkpoint that a command makes before it uses it.
///
/// Opening only checks that the tables agree with each other. A file can pass this although its plan cuts in another
/// way than its tables, or although its graph is invalid; different commands would then trust different parts of it.
/// This check reads no tensor bytes.
package struct CheckpointSoundness {
  /// The first error that the rules of index, plan and source find; nil for a sound checkpoint.
  package let error: Finding?
  /// The graph, which the check decodes; nil if the checkpoint has none.
  package let storedModel: StoredModel?

  /// - Parameter usesHeaders: whether the flat files from which the checkpoint was made are to be written again.
  package init(of checkpoint: UnitCheckpoint, usesHeaders: Bool = true) {
    let subject = CheckpointSubject(
      CheckpointExamination(checkpoint), progress: { _ in }, options: ValidationOptions())
    error =
      RuleID.allCases.lazy.filter { $0.rule.isOfIndex && (usesHeaders || !$0.rule.isOfHeaders) }
      .compactMap { id in id.rule.findings(in: subject).first { $0.severity == .error } }.first
    storedModel = subject.storedModel
  }
}
