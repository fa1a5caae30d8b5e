internal import UnitCheckpoints

/// Every section's dataset exists and has the type and length in the index; if the file still has its original length,
/// also the address.
enum DatasetRule: ValidationRule {
  static let summary = "The dataset of every section exists, with its type, length and address."
  static let defects: Set<CheckpointDefect> = [.datasetType, .datasetLength, .datasetStorage, .datasetChunks]

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    var findings: [Finding] = []
    for number in checkpoint.map.sections.indices {
      do throws(CheckpointError) { try checkpoint.checkSection(number) } catch {
        let path = "/\(checkpoint.sectionPath(number))"
        let reported = error.reported(at: path)
        // The error may name a group on the path; the finding names the dataset.
        let message =
          reported.location == path ? reported.message : "\(reported.location): \(reported.message)"
        findings.append(
          Finding(
            .dataset, file: checkpoint.path, location: path, message: message, defect: error.defect?.rawValue)
        )
      }
    }
    return findings
  }
}
