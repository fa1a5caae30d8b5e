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
  package let findings: [Finding]
  /// The rules that were applied.
  package let rules: [RuleID]
  package let state: State

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

  private init(_ path: String, _ state: State, _ findings: [Finding] = []) {
    self.path = path
    (kind, tensorCount, isDeep) = (nil, nil, false)
    self.findings = findings
    rules = findings.map(\.rule)
    self.state = state
  }

  /// The same verdict with one more finding before the others; a file that was not checked stays unchanged.
  func with(_ finding: Finding) -> FileVerdict {
    guard case .checked = state else { return self }
    return FileVerdict(
      path: path, kind: kind, tensorCount: tensorCount, isDeep: isDeep, findings: [finding] + findings,
      rules: rules.contains(finding.rule) ? rules : rules + [finding.rule])
  }

  /// The same verdict with the severities that the user chose.
  func adjusted(_ options: ValidationOptions) -> FileVerdict {
    switch state {
    case .failed: self
    case .left(let why): FileVerdict(path: path, left: why, findings: options.adjusted(findings))
    case .checked:
      FileVerdict(
        path: path, kind: kind, tensorCount: tensorCount, isDeep: isDeep,
        findings: options.adjusted(findings),
        rules: rules.filter { options.severities[$0] != .some(.none) })
    }
  }
}
