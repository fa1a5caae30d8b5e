/// Something that a rule has to say about a file.
package struct Finding: Sendable, Equatable {
  package let rule: RuleID
  package let severity: Severity
  /// The path as the user gave it.
  package let file: String
  /// Where in the file: an HDF5 path, a tensor, a table row; empty for the file as a whole.
  package let location: String
  /// One sentence: expected, found.
  package let message: String
  /// The exact defect, where the reader that met it has a stable name for it: `checkpoint.row-range`,
  /// `safetensors.hole`.
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

  /// The same with another severity.
  func with(severity: Severity) -> Finding {
    Finding(rule, severity, file: file, location: location, message: message, defect: defect)
  }
}

/// How much a finding matters.
package enum Severity: String, Sendable, CaseIterable, Comparable {
  /// Worth knowing; the file is good.
  case note
  /// Odd, and the file still does what it says.
  case warning
  /// The file is not what it says.
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
