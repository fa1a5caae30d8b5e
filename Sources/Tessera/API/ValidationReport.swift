internal import ByteFiles
internal import Validation

/// The findings for a file, or for the files of a folder.
public struct ValidationReport: Sendable {
  /// All findings, in the order of the files, then of the rules.
  public let findings: [Finding]
  /// Files that could not be checked or were not checked, with the reason.
  public let unchecked: [LeftOutPart]

  /// Whether every file was checked and all findings are notes.
  public var isClean: Bool { unchecked.isEmpty && !findings.contains { $0.severity != .note } }

  /// A defect of a file, or a note about it.
  public struct Finding: Sendable, Hashable {
    /// The stable name of the rule, such as "page-checksum".
    public let rule: String
    /// How serious the finding is.
    public let severity: Severity
    /// The file's path.
    public let file: String
    /// The place in the file; empty if the finding is about the whole file.
    public let location: String
    /// The finding in words, mostly as `expected X, found Y`.
    public let message: String
  }

  /// The severity of a finding.
  public enum Severity: String, Sendable, Hashable {
    /// The file breaks the rules of its format.
    case error
    /// The file is valid, but should not be used without review.
    case warning
    /// The finding is information only.
    case note
  }

  init(_ verdicts: [FileVerdict]) {
    findings = verdicts.flatMap(\.findings).map { finding in
      Finding(
        rule: finding.rule.rawValue, severity: Severity(rawValue: finding.severity.rawValue) ?? .error,
        file: finding.file, location: finding.location, message: finding.message)
    }
    unchecked = verdicts.compactMap { verdict in
      switch verdict.state {
      case .checked: nil
      case .left(let why): LeftOutPart(name: verdict.path, reason: why)
      case .failed(let sentence): LeftOutPart(name: verdict.path, reason: sentence)
      }
    }
  }
}

/// Checks a file, or every file of a folder, as `tessera validate` does.
///
/// If the task is cancelled, the check of the current file is finished, and then `CancellationError` is thrown.
///
/// - Parameters:
///   - path: the file or the folder.
///   - isDeep: whether the elements of all tensors are read too.
///   - project: the path of a `tessera.toml` whose rules are applied too; nil for none. The command searches for one.
///   - progress: receives the number of bytes read; for a folder, the total is 0, because it is unknown.
/// - Throws: `TesseraError` if the file cannot be read or its format is unknown, or if `project` is malformed.
public func validate(
  _ path: String, isDeep: Bool = false, project: String? = nil, progress: @escaping ProgressHandler = { _ in }
) async throws -> ValidationReport {
  try await LongWork.perform { check in
    var options = ValidationOptions()
    options.deep = isDeep
    var done = 0
    func advance(_ bytes: Int, of total: Int) {
      done += bytes
      progress(WorkProgress(completed: done, total: total))
    }
    let search = try ProjectSearch(project: project, isOff: project == nil, lock: nil, isLocked: false)
    var validating = try Validating([path], options, search, progress: { advance($0, of: 0) })
    let verdicts = try validating.verdicts(on: path, progress: { advance($0, of: 0) }) { options in
      if FolderValidation.isFolder(path) {
        return FolderValidation.check(
          folder: path, options, isCancelled: { (try? check()) == nil }, progress: { advance($0, of: 0) })
      }
      let file = try ReadableFile(path: path)
      return [try FileValidation.check(file, options) { advance($0, of: file.size) }]
    }
    try check()
    return ValidationReport(verdicts)
  }
}
