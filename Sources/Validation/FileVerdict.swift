internal import FlatFormats
internal import Tensors

/// The result for one file.
package struct FileVerdict: Sendable {
  /// The path as the user gave it, or a path below the folder that the user gave.
  package let path: String
  /// The format: `safetensors`, `pytorch`, `unit-checkpoint`, …; nil if it is unknown.
  package let kind: String?
  /// The number of tensors; nil if the file could not be opened as weights.
  package let tensorCount: Int?
  /// Whether the tensors' data were read.
  package let isDeep: Bool
  package private(set) var findings: [Finding]
  /// The rules that were applied.
  package private(set) var rules: [RuleID]
  package let state: State
  /// The tensors of a flat file, for rules about a folder; nil if it could not be opened as weights.
  var tensors: [TensorSpec]?

  /// The paths by which documents may refer to the file: of a set, also those of its folder and its shards.
  package internal(set) var paths: [String]
  /// The paths of the project's documents that have a rule for the file: each `tessera.toml` and `tessera.lock`.
  package var documents: [String] = []

  /// Whether the file holds tensors: it is a unit checkpoint or a flat file.
  package var holdsTensors: Bool {
    kind == "unit-checkpoint" || kind.flatMap(FlatFormatKind.init(rawValue:)) != nil
  }

  /// What was done with the file.
  package enum State: Sendable, Equatable {
    case checked
    /// The file is in a folder and is not weights; `why` describes it.
    case left(why: String)
    /// The file could not be checked; `sentence` begins with the path.
    case failed(sentence: String)
  }

  /// The verdict on a checked file.
  package init(
    path: String, kind: String?, tensorCount: Int?, isDeep: Bool = false, findings: [Finding], rules: [RuleID]
  ) {
    self.path = path
    paths = [path]
    self.kind = kind
    self.tensorCount = tensorCount
    self.isDeep = isDeep
    self.findings = findings
    self.rules = rules
    state = .checked
  }

  /// The verdict on a file that could not be checked.
  package init(path: String, failure: String) { self.init(path, .failed(sentence: failure)) }

  /// The verdict on a file that is not weights.
  package init(path: String, left why: String, findings: [Finding] = []) {
    self.init(path, .left(why: why), findings)
  }

  /// The verdict on a file of which only this finding is known; it may be missing.
  package init(path: String, kind: String?, _ finding: ProjectFinding) {
    self.init(
      path: path, kind: kind, tensorCount: nil, isDeep: true, findings: [finding.about(path)],
      rules: [finding.rule])
  }

  private init(_ path: String, _ state: State, _ findings: [Finding] = []) {
    self.path = path
    paths = [path]
    (kind, tensorCount, isDeep) = (nil, nil, false)
    self.findings = findings
    rules = findings.map(\.rule)
    self.state = state
  }

  /// The same verdict with one more finding before the others; a file that was not checked stays unchanged.
  func with(_ finding: Finding) -> FileVerdict {
    // A folder and the folder that contains it may read the same file.
    guard case .checked = state, !findings.contains(finding) else { return self }
    var verdict = with([finding] + findings)
    if !rules.contains(finding.rule) { verdict.rules.append(finding.rule) }
    return verdict
  }

  /// The same verdict with one more finding; nil for a file that could not be checked.
  package func adding(_ finding: ProjectFinding) -> FileVerdict? {
    if case .failed = state { return nil }
    var verdict = with(findings + [finding.about(path)])
    if !rules.contains(finding.rule) { verdict.rules.append(finding.rule) }
    return verdict
  }

  /// The same verdict with other findings.
  func with(_ findings: [Finding]) -> FileVerdict {
    var verdict = self
    verdict.findings = findings
    return verdict
  }

  /// The same verdict with the severities that the user chose.
  package func adjusted(_ options: ValidationOptions) -> FileVerdict {
    if case .failed = state { return self }
    var verdict = with(options.adjusted(findings))
    if case .left = state { verdict.rules = verdict.findings.map(\.rule) }
    if case .checked = state { verdict.rules = rules.filter { options.severities[$0] != .some(.none) } }
    return verdict
  }
}
