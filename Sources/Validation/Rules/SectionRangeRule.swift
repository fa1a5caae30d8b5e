internal import UnitCheckpoints

/// Every section has its own bytes in the file.
///
/// The addresses are compared on opening; they are used as long as the file has its original length.
enum SectionRangeRule: ValidationRule {
  static let summary = "No section lies outside the file or on another."
  static let defects: Set<CheckpointDefect> = [.placementOutside, .placementOverlap]
}
