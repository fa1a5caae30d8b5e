internal import UnitCheckpoints

/// Every page of every section matches its checksum.
///
/// Pages are read one by one only if a tensor could not be read; each damaged page is then named.
enum PageChecksumRule: ValidationRule {
  static let summary = "Every page of every section matches its checksum."
  static let isDeep = true
  static let advice = "Fetch the file again, or convert the flat weights again: its data were damaged."
  static let defects: Set<CheckpointDefect> = [.pageChecksum]

  static func findings(in subject: CheckpointSubject) -> [Finding] {
    guard let checkpoint = subject.checkpoint else { return [] }
    let errors = subject.bytes.compactMap { $0.found.error as? CheckpointError }
      .filter { $0.defect != .ownerMap }
    // A part does not read a tensor whose owner map is in another file.
    let isRead = checkpoint.part == nil || checkpoint.index.tensors.allSatisfy { $0.owners == nil }
    if errors.isEmpty, isRead { return [] }
    let pages = checkpoint.files.flatMap { file in
      file.map.sections.indices.flatMap { file.damagedPages(ofSection: $0) }.map { (file.path, $0) }
    }
    return (pages.isEmpty ? errors.map { (checkpoint.path, $0) } : pages).map { path, error in
      let found = error.reported(at: "")
      return Finding(
        .pageChecksum, file: path, location: found.location, message: found.message,
        defect: error.defect?.rawValue)
    }
  }
}
