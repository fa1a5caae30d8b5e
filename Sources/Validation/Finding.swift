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

  package init(_ rule: RuleID, _ severity: Severity = .error, file: String, location: String, message: String)
  {
    self.rule = rule
    self.severity = severity
    self.file = file
    self.location = location
    self.message = message
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

/// The stable names of the rules; one file in `Rules` each.
package enum RuleID: String, Sendable, CaseIterable {
  /// The container can be decoded: HDF5 structures, safetensors header, zip directory.
  case structure = "structure"
  /// The index matches its checksum and itself.
  case index = "index"
  /// The file is as it was written, or was moved by a tool that keeps datasets.
  case placement = "placement"
  /// Every byte outside the tensors' data is what was written.
  case metadataChecksum = "metadata-checksum"
  /// Every dataset has the type, length and address that the index gives.
  case dataset = "dataset"
  /// The plan can be read and cuts the tensors as the index does.
  case plan = "plan"
  /// The stored header of the flat file describes the same tensors.
  case sourceHeader = "source-header"
  /// Every stored run has its checksum.
  case runChecksum = "run-checksum"
  /// Every tensor has its SHA-256, and the model its own.
  case digest = "digest"
}
