internal import UnitCheckpoints

/// The tables, the plan, the record of the source and the stored headers hash to what the seal says.
///
/// Opening has compared them; the other rules look at an index that does not match as far as it can be decoded.
enum IndexChecksumRule: ValidationRule {
  static let summary = "The index matches its checksum."
  static let defects: Set<CheckpointDefect> = [.indexChecksum]
}
