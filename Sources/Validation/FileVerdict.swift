/// What became of one file.
package struct FileVerdict: Sendable {
  /// The path as the user gave it, or below the folder that was given.
  package let path: String
  /// The format that was found: `safetensors`, `pytorch`, `unit-checkpoint`, …; nil where it is not known.
  package let kind: String?
  /// How many tensors were found; nil where the file could not be opened as weights.
  package let tensorCount: Int?
  /// Whether the tensors' data were read.
  package let isDeep: Bool
  package let findings: [Finding]
  /// The rules that had a say.
  package let rules: [RuleID]
  package let state: State

  /// How far the file was looked at.
  package enum State: Sendable, Equatable {
    case checked
    /// A file of a folder that is no weights, and what it is.
    case left(why: String)
    /// It could not be checked: one sentence that begins with the path.
    case failed(sentence: String)
  }

  /// A file that was checked.
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

  /// A file that could not be checked.
  package init(path: String, failure: String) { self.init(path, .failed(sentence: failure)) }

  /// A file that was not looked at.
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

  /// The same with one finding more; a file that was not checked has none.
  func with(_ finding: Finding) -> FileVerdict {
    guard case .checked = state else { return self }
    return FileVerdict(
      path: path, kind: kind, tensorCount: tensorCount, isDeep: isDeep, findings: [finding] + findings,
      rules: rules.contains(finding.rule) ? rules : rules + [finding.rule])
  }

  /// The same with the severities that were asked for.
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
