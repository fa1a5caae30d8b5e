package import FlatFormats
package import UnitCheckpoints

/// The check that a command makes of a checkpoint before it uses it.
///
/// Opening checks only that the tables agree with each other. A file whose plan cuts otherwise than its tables, or whose
/// graph is invalid, passes that, and different commands would trust different parts of it. No tensor bytes are read.
package struct CheckpointSoundness {
  /// The first error that the rules of index, plan and source find; nil for a sound checkpoint.
  package let error: Finding?
  /// The graph, which the check has decoded; nil if the checkpoint has none.
  package let storedModel: StoredModel?

  /// - Parameter usesHeaders: whether the flat files from which it was made are to be written again.
  package init(of checkpoint: UnitCheckpoint, usesHeaders: Bool = true) {
    let subject = CheckpointSubject(
      CheckpointExamination(checkpoint), progress: { _ in }, options: ValidationOptions())
    error =
      RuleID.allCases.lazy.filter { $0.rule.isOfIndex && (usesHeaders || !$0.rule.isOfHeaders) }
      .compactMap { id in id.rule.findings(in: subject).first { $0.severity == .error } }.first
    storedModel = subject.storedModel
  }
}
