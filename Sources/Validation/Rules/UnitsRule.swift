internal import UnitCheckpoints

/// Cuts fill their dimensions, and parts belong to existing units.
///
/// This is checked on opening: every element of a tensor is in exactly one block.
enum UnitsRule: ValidationRule {
  static let summary =
    "Every cut covers its dimension without gaps or overlaps, and uses only existing units."
  static let isOfIndex = true
  static let advice = "Convert the flat weights again with the plan."
  static let defects: Set<CheckpointDefect> = [.cutSegment, .axis, .unitList, .tensorBlocks, .reordering]
}
