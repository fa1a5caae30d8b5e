internal import UnitCheckpoints

/// Every dataset of the index is there, with the type, the length and, while placement holds, the address it gives.
enum DatasetRule: ValidationRule {
  static let summary = "Every dataset of the index is there, with its type, length and address."

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    var findings: [Finding] = []
    for number in checkpoint.index.datasets.indices {
      do throws(CheckpointError) { try checkpoint.checkDataset(number) } catch {
        let path = "/\(checkpoint.datasetPath(number))"
        let told = error.told(at: path)
        // The error may name a group on the way; the dataset is what is missed.
        let message = told.location == path ? told.message : "\(told.location): \(told.message)"
        findings.append(
          Finding(
            .dataset, file: checkpoint.path, location: path, message: message, defect: error.defect?.rawValue)
        )
      }
    }
    return findings
  }
}
