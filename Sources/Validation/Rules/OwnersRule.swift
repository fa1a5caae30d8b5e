internal import Tensors
internal import UnitCheckpoints

/// For each owner, owner maps have the number of elements in the table of owners.
enum OwnersRule: ValidationRule {
  static let summary = "Owner maps give every owner the number of elements in the table of owners."
  static let isDeep = true
  static let advice = "Convert the flat weights again with their masks."
  static let defects: Set<CheckpointDefect> = [.ownerMap]

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    return subject.bytes.compactMap { tensor, found in
      guard let error = found.error as? CheckpointError, error.defect == .ownerMap else { return nil }
      let reported = error.reported(at: place(of: checkpoint.index.tensors[tensor].spec))
      return Finding(
        .owners, file: checkpoint.path, location: reported.location, message: reported.message,
        defect: error.defect?.rawValue)
    }
  }
}
