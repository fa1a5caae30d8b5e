package import Validation

/// The output of `validate`: the result for every file.
package struct FindingsReport: Sendable {
  package let files: [FileVerdict]
  /// The lowest severity that makes the command fail.
  package let failOn: Severity
  /// The documents of projects that were used.
  package let documents: [UsedDocument]

  package init(files: [FileVerdict], failOn: Severity = .warning, documents: [UsedDocument] = []) {
    self.documents = documents
    self.files = files
    self.failOn = failOn
  }

  /// All findings, file by file.
  package var findings: [Finding] { files.flatMap(\.findings) }

  /// The reasons why files could not be checked.
  package var failures: [String] { files.compactMap(\.failure) }

  /// Whether every file was checked and has no finding that fails.
  package var isClean: Bool { files.allSatisfy(isGood) }

  /// Whether the file was checked, or need not be checked, and has no finding that fails.
  func isGood(_ file: FileVerdict) -> Bool {
    file.failure == nil && file.findings.allSatisfy { $0.severity < failOn }
  }
}

extension FileVerdict {
  /// The reason why the file could not be checked; nil if it was checked.
  var failure: String? { if case .failed(let sentence) = state { sentence } else { nil } }

  /// A description of a file that is not weights; nil for others.
  var leftBecause: String? { if case .left(let why) = state { why } else { nil } }

  /// What was checked: "safetensors, 12 tensors".
  var scope: String {
    var words = [kind ?? "of no known format"]
    if let tensorCount { words.append(tensorCount == 1 ? "1 tensor" : "\(tensorCount) tensors") }
    if !isDeep, kind != nil, tensorCount ?? 1 > 0 { words.append("data not read") }
    if kind == "onnx" { words.append("operators not checked") }
    return words.joined(separator: ", ")
  }
}
