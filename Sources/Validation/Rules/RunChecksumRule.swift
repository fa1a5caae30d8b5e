internal import Tensors
internal import UnitCheckpoints

/// Every stored run has its checksum.
enum RunChecksumRule: ValidationRule {
  static let summary = "Every stored run has its checksum."
  static let isDeep = true
  static let advice = "Fetch the file again, or convert the flat weights again: its data were damaged."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    return subject.bytes.flatMap { tensor, found in
      found.errors.filter { $0.defect != .ownerMap }.map { error in
        let told = error.told(at: place(of: checkpoint.index.tensors[tensor].spec))
        return Finding(
          .runChecksum, file: checkpoint.path, location: told.location, message: told.message,
          defect: error.defect?.rawValue)
      }
    }
  }
}
