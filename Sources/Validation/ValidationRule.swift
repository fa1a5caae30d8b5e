internal import FlatFormats
internal import UnitCheckpoints
internal import UnitModel

/// The kinds of file that a rule is about.
package struct RuleSubjects: OptionSet, Sendable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }

  package static let checkpoint = RuleSubjects(rawValue: 1)
  package static let flat = RuleSubjects(rawValue: 2)
}

/// One rule over one file; a rule never stops the others.
///
/// An error of a reader is a finding of the rule that declares its defect, so a rule that readers check completely has
/// no `findings` of its own.
protocol ValidationRule {
  /// What the rule asks of a file, in one sentence.
  static var summary: String { get }
  /// What a person can do about a finding, in a sentence or two.
  static var advice: String { get }
  /// Whether the rule reads the tensors' bytes, which only `--deep` asks for.
  static var isDeep: Bool { get }
  /// Whether the rule asks nothing but the index, the plan and the record of the source, which opening has read: its
  /// errors keep every command from the file.
  static var isOfIndex: Bool { get }
  /// Whether the rule reads the headers of flat files, which only matter where those are written again.
  static var isOfHeaders: Bool { get }
  /// What the rule is about.
  static var subjects: RuleSubjects { get }
  /// The defects of a checkpoint's tables and datasets that break the rule. Each defect breaks one rule.
  static var defects: Set<CheckpointDefect> { get }
  /// The same for flat files.
  static var flatDefects: Set<FlatFormatRule> { get }
  /// What the rule has to say about a unit checkpoint beyond what opening it said, in file order.
  static func findings(in subject: CheckpointSubject) -> [Finding]
  /// The same for a flat file.
  static func findings(in subject: FlatSubject) -> [Finding]
}

extension ValidationRule {
  /// Most findings are of files that were damaged on the way, or by the program that wrote them.
  static var advice: String {
    "Fetch or convert the file again; if that makes the same file, its writer is at fault."
  }
  static var isDeep: Bool { false }
  static var isOfIndex: Bool { false }
  static var isOfHeaders: Bool { false }
  static var subjects: RuleSubjects { .checkpoint }
  static var defects: Set<CheckpointDefect> { [] }
  static var flatDefects: Set<FlatFormatRule> { [] }
  static func findings(in subject: CheckpointSubject) -> [Finding] { [] }
  static func findings(in subject: FlatSubject) -> [Finding] { [] }
}
