internal import UnitCheckpoints

/// The groups of tensors contain only datasets that the index names; otherwise a reader that lists the groups would
/// find more.
enum UnlistedDatasetRule: ValidationRule {
  static let summary = "The groups of tensors hold only what the index names."
  static let advice = "Delete the dataset, or convert the flat weights again."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    // If a group cannot be listed, the rules of structure and links report it.
    let paths = (try? subject.unlisted.get()) ?? []
    return paths.map {
      subject.finding(
        .unlistedDataset, .warning, at: $0,
        "expected a dataset that the index names, found one that it does not")
    }
  }
}
