internal import UnitCheckpoints

/// The groups of tensors hold what the index names, and nothing else: a reader that goes by the groups would see more.
enum UnlistedDatasetRule: ValidationRule {
  static let summary = "The groups of tensors hold nothing that the index does not name."
  static let advice = "Delete the dataset, or convert the flat weights again."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    // A group that cannot be listed is told of by the rules of structure and links.
    let paths = (try? subject.unlisted.get()) ?? []
    return paths.map {
      subject.finding(.unlistedDataset, .warning, at: $0, "expected a dataset of the index, found another")
    }
  }
}
