internal import UnitCheckpoints

/// The tables, the plan, the record of the source and the stored headers match the checksums in the seal.
///
/// They are compared on opening; if they differ, the other rules check the index as far as it can be decoded.
enum IndexChecksumRule: ValidationRule {
  static let summary = "The index matches its checksum."
  static let defects: Set<CheckpointDefect> = [.indexChecksum]
}
