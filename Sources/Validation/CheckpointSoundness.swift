package import UnitCheckpoints

/// What a command asks of a checkpoint before it uses it.
package enum CheckpointSoundness {
  /// The first error that the rules of index, plan and source find; nil for a sound checkpoint.
  ///
  /// Opening holds the tables against themselves alone. A file whose plan cuts otherwise than its tables, or whose graph
  /// is none, passes that, and each command would believe another half of it. No tensor's bytes are read.
  ///
  /// - Parameter usesHeaders: whether the flat files that it was made from are to be written again.
  package static func error(in checkpoint: UnitCheckpoint, usesHeaders: Bool = true) -> Finding? {
    let subject = CheckpointSubject(
      CheckpointExamination(checkpoint), progress: { _ in }, options: ValidationOptions())
    for id in RuleID.allCases where id.rule.isOfIndex && (usesHeaders || !id.rule.isOfHeaders) {
      if let error = id.rule.findings(in: subject).first(where: { $0.severity == .error }) { return error }
    }
    return nil
  }
}
