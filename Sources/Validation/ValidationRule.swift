internal import FlatFormats
internal import ONNXGraph
internal import UnitCheckpoints
internal import UnitModel
internal import Zip

/// The kinds of file to which a rule applies.
package struct RuleSubjects: OptionSet, Sendable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }

  package static let checkpoint = RuleSubjects(rawValue: 1)
  package static let flat = RuleSubjects(rawValue: 2)
  /// A folder with the files that describe a model.
  package static let folder = RuleSubjects(rawValue: 4)
}

/// A rule that is applied to one file. A rule never prevents others from being applied.
///
/// An error of a reader is a finding of the rule that declares its defect. So a rule that readers check completely has
/// no `findings` of its own.
protocol ValidationRule {
  /// The condition that a file must meet, in one sentence.
  static var summary: String { get }
  /// Advice on a finding for the user, in one or two sentences.
  static var advice: String { get }
  /// Whether the rule reads the tensors' bytes, which only `--deep` does.
  static var isDeep: Bool { get }
  /// Whether the rule uses only the index, the plan and the record of the source, which are read on opening. An error
  /// of such a rule prevents every command from using the file.
  static var isOfIndex: Bool { get }
  /// Whether the rule reads the headers of flat files, which only matter if these files are written again.
  static var isOfHeaders: Bool { get }
  /// Whether the rule is about a document of a project: it applies only if there is one.
  static var isOfProject: Bool { get }
  /// The kinds of file to which the rule applies.
  static var subjects: RuleSubjects { get }
  /// The defects of a checkpoint's tables and datasets that break the rule. Each defect breaks one rule.
  static var defects: Set<CheckpointDefect> { get }
  /// The same for the rules of flat formats, of zip archives and of ONNX models.
  static var flatDefects: Set<FlatFormatRule> { get }
  static var zipDefects: Set<ZipRule> { get }
  static var graphDefects: Set<ONNXRule> { get }
  /// The findings on a unit checkpoint in addition to the errors of opening it, in file order.
  static func findings(in subject: CheckpointSubject) -> [Finding]
  /// The findings on a flat file in addition to the errors of opening it.
  static func findings(in subject: FlatSubject) -> [Finding]
  /// The findings on a folder with a model, about its files together.
  static func findings(in subject: FolderSubject) -> [Finding]
}

extension ValidationRule {
  /// The default advice: most files were damaged in transit, or by the program that wrote them.
  static var advice: String {
    "Fetch or convert the file again; if the result is the same, the program that wrote it has a fault."
  }
  static var isDeep: Bool { false }
  static var isOfIndex: Bool { false }
  static var isOfHeaders: Bool { false }
  static var isOfProject: Bool { false }
  static var subjects: RuleSubjects { .checkpoint }
  static var defects: Set<CheckpointDefect> { [] }
  static var flatDefects: Set<FlatFormatRule> { [] }
  static var zipDefects: Set<ZipRule> { [] }
  static var graphDefects: Set<ONNXRule> { [] }
  static func findings(in subject: CheckpointSubject) -> [Finding] { [] }
  static func findings(in subject: FlatSubject) -> [Finding] { [] }
  static func findings(in subject: FolderSubject) -> [Finding] { [] }
}
