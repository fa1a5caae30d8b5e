internal import UnitCheckpoints

/// Every section has its own bytes within the file.
///
/// Opening has compared the addresses, which are used as long as the file has its original length.
enum SectionRangeRule: ValidationRule {
  static let summary = "No section lies outside the file or on another."
  static let defects: Set<CheckpointDefect> = [.placementOutside, .placementOverlap]
}
