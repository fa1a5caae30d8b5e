package import Validation

/// What `validate` prints: what became of every file.
package struct FindingsReport: Sendable {
  package let files: [CheckedFile]

  /// A file and what was found in it, or why it could not be checked.
  package struct CheckedFile: Sendable {
    /// The path as the user gave it.
    package let path: String
    package let findings: [Finding]
    /// The rules that had a say.
    package let rules: [RuleID]
    /// One sentence that begins with the path; nil when the file was checked.
    package let failure: String?

    /// A file that was checked.
    package init(path: String, findings: [Finding], rules: [RuleID]) {
      (self.path, self.findings, self.rules, failure) = (path, findings, rules, nil)
    }

    /// A file that could not be checked.
    package init(path: String, failure: String) {
      (self.path, findings, rules, self.failure) = (path, [], [], failure)
    }
  }

  package init(files: [CheckedFile]) { self.files = files }

  /// Everything that was found, file by file.
  package var findings: [Finding] { files.flatMap(\.findings) }

  /// Why files could not be checked.
  package var failures: [String] { files.compactMap(\.failure) }

  /// Whether every file was checked and nothing worse than a note was found.
  package var isClean: Bool { failures.isEmpty && findings.allSatisfy { $0.severity == .note } }
}
