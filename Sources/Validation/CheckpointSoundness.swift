package import UnitCheckpoints

/// The check that a command makes of a checkpoint before it uses it.
package enum CheckpointSoundness {
  /// The first error that the rules of index, plan and source find; nil for a sound checkpoint.
  ///
  /// Opening checks only that the tables agree with each other. A file whose plan cuts otherwise than its tables, or
  /// whose graph is invalid, passes that, and different commands would trust different parts of it. No tensor bytes are
  /// read.
  ///
  /// - Parameter usesHeaders: whether the flat files from which it was made are to be written again.
  package static func error(in checkpoint: UnitCheckpoint, usesHeaders: Bool = true) -> Finding? {
    let subject = CheckpointSubject(
      CheckpointExamination(checkpoint), progress: { _ in }, options: ValidationOptions())
    for id in RuleID.allCases where id.rule.isOfIndex && (usesHeaders || !id.rule.isOfHeaders) {
      if let error = id.rule.findings(in: subject).first(where: { $0.severity == .error }) { return error }
    }
    return nil
  }
}
