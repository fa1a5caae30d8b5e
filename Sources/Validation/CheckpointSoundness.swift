package import UnitCheckpoints

/// What a command asks of a checkpoint before it uses it.
package enum CheckpointSoundness {
  /// The first error that the rules of index, plan and source find; nil for a sound checkpoint.
  ///
  /// Opening holds the tables against themselves alone. A file whose plan cuts otherwise than its tables, or whose graph
  /// is none, passes that, and each command would believe another half of it. No tensor's bytes are read.
  package static func error(in checkpoint: UnitCheckpoint) -> Finding? {
    let subject = CheckpointSubject(
      CheckpointExamination(checkpoint), progress: { _ in }, options: ValidationOptions())
    for id in RuleID.allCases where id.rule.isOfIndex {
      if let error = id.rule.findings(in: subject).first(where: { $0.severity == .error }) { return error }
    }
    return nil
  }
}
