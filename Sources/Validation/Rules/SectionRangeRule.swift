internal import UnitCheckpoints

/// Every section has bytes of its own inside the file.
///
/// Opening has compared the addresses, which count as long as the file has the length it was written with.
enum SectionRangeRule: ValidationRule {
  static let summary = "No section lies outside the file or on another."
  static let defects: Set<CheckpointDefect> = [.placementOutside, .placementOverlap]
}
