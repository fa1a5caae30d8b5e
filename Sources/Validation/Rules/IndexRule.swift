internal import UnitCheckpoints

/// Every row of the index belongs to exactly one row of another table, and their sizes agree.
///
/// This is checked on opening.
enum IndexRule: ValidationRule {
  static let summary =
    "The rows of the index refer to each other without gaps, overlaps or rows left over; the files of a set fit together."
  static let defects: Set<CheckpointDefect> = [
    .rowRange, .rowOrder, .rowLeftOver, .section, .sectionTotal, .pages, .part, .set,
  ]
}
