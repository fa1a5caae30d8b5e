/// The statement of a rule about a file.
package struct Finding: Sendable, Equatable {
  package let rule: RuleID
  package let severity: Severity
  /// The path as the user gave it.
  package let file: String
  /// The place in the file: an HDF5 path, a tensor, a table row; empty for the file as a whole.
  package let location: String
  /// One sentence: what was expected, what was found.
  package let message: String
  /// The stable name of the exact defect, if its reader has one: `checkpoint.row-range`, `safetensors.hole`.
  package let defect: String?

  package init(
    _ rule: RuleID, _ severity: Severity = .error, file: String, location: String, message: String,
    defect: String? = nil
  ) {
    self.rule = rule
    self.severity = severity
    self.file = file
    self.location = location
    self.message = message
    self.defect = defect
  }

  /// The same finding with another severity.
  func with(severity: Severity) -> Finding {
    Finding(rule, severity, file: file, location: location, message: message, defect: defect)
  }
}

/// How serious a finding is.
package enum Severity: String, Sendable, CaseIterable, Comparable {
  /// Information; the file is valid.
  case note
  /// The file is valid, but unusual or risky.
  case warning
  /// The file contradicts itself or its format.
  case error

  package static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .note: 0
    case .warning: 1
    case .error: 2
    }
  }
}
