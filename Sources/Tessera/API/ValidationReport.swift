internal import ByteFiles
internal import Validation

/// The findings for a file, or for the files of a folder.
public struct ValidationReport: Sendable {
  /// All findings, in the order of files, then of rules.
  public let findings: [Finding]
  /// Files that could not be or were not checked, each with the reason.
  public let unchecked: [LeftOutPart]

  /// Whether every file was checked and all findings are notes.
  public var isClean: Bool { unchecked.isEmpty && !findings.contains { $0.severity != .note } }

  /// A defect, or a note about a file.
  public struct Finding: Sendable, Hashable {
    /// The stable name of the rule, such as "page-checksum".
    public let rule: String
    /// Its severity.
    public let severity: Severity
    /// The file's path.
    public let file: String
    /// The place in the file; empty for the file as a whole.
    public let location: String
    /// What was expected and what was found.
    public let message: String
  }

  /// The severity of a finding.
  public enum Severity: String, Sendable, Hashable {
    /// The file breaks the rules of its format.
    case error
    /// The file is valid, but should not be used without review.
    case warning
    /// Information.
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
/// A cancelled task finishes the check of its file, then throws `CancellationError`.
///
/// - Parameters:
///   - path: the file or the folder.
///   - isDeep: also reads the elements of all tensors.
///   - progress: receives the number of bytes read; for a folder, the total is 0 because it is not known.
/// - Throws: `TesseraError` if the file cannot be read or its format is unknown.
public func validate(
  _ path: String, isDeep: Bool = false, progress: @escaping ProgressHandler = { _ in }
) async throws -> ValidationReport {
  try await LongWork.perform { check in
    var options = ValidationOptions()
    options.deep = isDeep
    var done = 0
    func advance(_ bytes: Int, of total: Int) {
      done += bytes
      progress(WorkProgress(completed: done, total: total))
    }
    if FolderValidation.isFolder(path) {
      let verdicts = FolderValidation.check(
        folder: path, options, isCancelled: { (try? check()) == nil }, progress: { advance($0, of: 0) })
      try check()
      return ValidationReport(verdicts)
    }
    let file = try ReadableFile(path: path)
    let verdict = try FileValidation.check(file, options) { advance($0, of: file.size) }
    try check()
    return ValidationReport([verdict])
  }
}
