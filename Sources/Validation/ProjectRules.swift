package import ByteFiles
package import FlatFormats
package import Tensors

/// The rules that a project has for its own files, in addition to those of the formats.
///
/// A protocol, because these rules may count parameters, and this module knows no counting policies.
package protocol ProjectRules: Sendable {
  /// The findings on one file, or on a set of shards.
  func findings(in subject: ProjectSubject) -> [ProjectFinding]
  /// The severity of NaN and infinities in a file at one of these paths; nil if the project does not set it, and
  /// `.off` if they are no finding.
  func nonFinite(in paths: [String]) -> NonFiniteGate?
  /// Whether a pickle at one of these paths may refer to a global.
  func allows(_ global: String, canRunCode: Bool, in paths: [String]) -> Bool
  /// Whether a path is that of the project's own document, which is not examined, and need not be.
  func isDocument(_ path: String) -> Bool
}

/// What a project wants to know about NaN and infinities.
package enum NonFiniteGate: String, Sendable, CaseIterable, Comparable {
  /// From the most tolerant to the strictest.
  case off, note, warning, error

  package static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }
  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  /// The severity of a finding; nil for none.
  package var severity: Severity? { Severity(rawValue: rawValue) }
}

/// A finding of a project's rule, about the file that is being checked.
package struct ProjectFinding: Sendable {
  /// `project`, or `unexamined` for a rule that could not be applied.
  let rule: RuleID
  let severity: Severity
  let file: String?
  let location: String
  let message: String
  let defect: String

  /// A file that breaks a rule.
  ///
  /// - Parameters:
  ///   - key: the rule's key in the document, which gives the stable name of the defect.
  ///   - file: the path of a shard; nil for the file, or the set, as a whole.
  package init(
    _ key: String, severity: Severity = .error, file: String? = nil, at location: String = "",
    _ message: String
  ) {
    rule = .project
    self.severity = severity
    self.file = file
    self.location = location
    self.message = message
    defect = "project.\(key)"
  }

  /// The finding on the file at `path`.
  func about(_ path: String) -> Finding {
    Finding(rule, severity, file: file ?? path, location: location, message: message, defect: defect)
  }

  /// A rule that could not be applied.
  package init(unexamined key: String, file: String? = nil, _ message: String) {
    rule = .unexamined
    severity = .warning
    self.file = file
    location = ""
    self.message = message
    defect = "project.\(key)"
  }
}

/// A file, or a set of shards, in the form that a project's rules need.
package struct ProjectSubject {
  /// What was found in the file.
  package enum Contents {
    case flat(any FlatWeightsSource)
    /// A unit checkpoint, in an open file.
    case checkpoint(ReadableFile)
    /// Nothing, because of defects that are findings, or because the file holds no tensors.
    case none(why: String)
    /// Nothing, because the file is in a folder and holds no weights that this program reads. The verdict says so.
    case left
  }

  /// The path as the user gave it: of the file, of the index of a set, or of the folder of a set without an index.
  package let path: String
  /// The format as `inspect` and `validate` print it; nil if it is unknown.
  package let kind: String?
  /// The format, or a description of the first bytes.
  package let found: String
  /// The file that is open; nil for a set without an index.
  package let file: ReadableFile?
  /// The paths of all files: the file itself, or the index and the shards.
  package let files: [String]
  package let contents: Contents
  /// The names, dtypes and shapes; nil if the file could not be opened as weights.
  package let tensors: [TensorSpec]?
  /// Whether the tensors' data are read too.
  package let isDeep: Bool
  /// Whether the command line sets the severity of NaN and infinities, which has precedence.
  package let hasOtherNonFiniteSeverity: Bool
  /// The tensors with NaN or infinities, and how many; it reads all data, once for all rules.
  package let nonFinite: () -> [(spec: TensorSpec, words: String)]
  /// The globals to which pickles refer, and whether they can run code.
  package let globals: [(name: String, canRunCode: Bool)]

  /// The paths by which rules may refer to the file or set.
  package var paths: [String] { Self.paths(path, files, kind: kind) }

  /// The paths of a file or set: also the folder of an index and every shard, because all of them mean the set.
  static func paths(_ path: String, _ files: [String], kind: String?) -> [String] {
    guard kind.flatMap(FlatFormatKind.init)?.isOfSeveralFiles == true else {
      return [path] + files.filter { $0 != path }
    }
    let folder = SystemPath.folder(of: path)
    return [path] + (FlatFormats.isFolder(path) ? [] : [folder]) + files.filter { $0 != path }
  }
}
