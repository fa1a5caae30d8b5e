internal import UnitCheckpoints

/// Cuts fill their dimensions, and parts belong to units that exist.
///
/// Opening has decoded them: with that every element of a tensor lies in exactly one block.
enum UnitsRule: ValidationRule {
  static let summary =
    "Units are disjoint and complete: cuts fill their dimensions, and their parts have units."
  static let isOfIndex = true
  static let advice = "Convert the flat weights again with the plan."
  static let defects: Set<CheckpointDefect> = [.cutSegment, .axis, .unitList, .tensorBlocks, .reordering]
}
