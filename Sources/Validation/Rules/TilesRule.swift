/// The tensors of a flat file fill its data part: no hole, no overlap, no bytes left over.
///
/// Opening a flat file proves it in one ordered pass.
enum TilesRule: ValidationRule {
  static let summary = "The tensors of a flat file fill it without holes, overlaps or bytes left over."
  static let subjects: RuleSubjects = .flat
}
