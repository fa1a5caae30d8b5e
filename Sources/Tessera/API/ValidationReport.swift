internal import ByteFiles
internal import Validation

/// What was found in a file, or in the files of a folder.
public struct ValidationReport: Sendable {
  /// Everything that was found, in the order of the files and of the rules.
  public let findings: [Finding]
  /// Files that could not be checked or were not looked at, each with the reason.
  public let unchecked: [LeftOutPart]

  /// Whether every file was checked and nothing worse than a note was found.
  public var isClean: Bool { unchecked.isEmpty && !findings.contains { $0.severity != .note } }

  /// One thing that is not as it should be.
  public struct Finding: Sendable, Hashable {
    /// The stable name of the rule, such as "checkpoint.page-checksum".
    public let rule: String
    /// How bad it is.
    public let severity: Severity
    /// The file's path.
    public let file: String
    /// The place in the file.
    public let location: String
    /// What was expected and what was found.
    public let message: String
  }

  /// How bad a finding is.
  public enum Severity: String, Sendable, Hashable {
    /// The file is not what it says.
    case error
    /// The file is what it says, and should still not be used unseen.
    case warning
    /// Something to know.
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
/// - Parameters:
///   - isDeep: whether the elements of all tensors are read, too.
///   - progress: is told now and then how many bytes were read; of a folder the total is not known, and 0.
/// - Throws: `TesseraError` where the file cannot be read or is of an unknown format.
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
      return ValidationReport(FolderValidation.check(folder: path, options) { advance($0, of: 0) })
    }
    let file = try ReadableFile(path: path)
    let verdict = try FileValidation.check(file, options) { advance($0, of: file.size) }
    try check()
    return ValidationReport([verdict])
  }
}
