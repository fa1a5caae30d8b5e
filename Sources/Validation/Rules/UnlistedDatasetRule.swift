internal import UnitCheckpoints

/// The groups of tensors hold only what the index names: a reader that lists the groups would find more.
enum UnlistedDatasetRule: ValidationRule {
  static let summary = "The groups of tensors hold only what the index names."
  static let advice = "Delete the dataset, or convert the flat weights again."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    // The rules of structure and links report a group that cannot be listed.
    let paths = (try? subject.unlisted.get()) ?? []
    return paths.map {
      subject.finding(
        .unlistedDataset, .warning, at: $0,
        "expected a dataset that the index names, found one that it does not")
    }
  }
}
