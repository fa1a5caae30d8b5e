internal import FlatFormats
internal import Tensors

/// A flat file as the rules see it.
final class FlatSubject {
  let path: String
  /// The file, when its header or directory is sound.
  let source: (any FlatWeightsSource)?
  private let progress: (Int) -> Void

  init(path: String, source: (any FlatWeightsSource)?, progress: @escaping (Int) -> Void) {
    self.path = path
    self.source = source
    self.progress = progress
  }

  /// What reading all bytes has told; asked for by deep rules only.
  lazy var bytes: [(tensor: Int, found: FlatBytes)] =
    source.map { source in
      FlatBytes.scan(source, progress: progress)
    } ?? []

  func finding(
    _ rule: RuleID, _ severity: Severity = .error, at location: String, _ message: String
  ) -> Finding {
    Finding(rule, severity, file: path, location: location, message: message)
  }

  /// The reader's remarks of these kinds.
  func remarks(_ kinds: [FlatRemarkKind], as rule: RuleID, _ severity: Severity) -> [Finding] {
    (source?.remarks ?? []).filter { kinds.contains($0.kind) }.map { remark in
      Finding(
        rule, severity, file: path, location: remark.place,
        message: "expected \(remark.expected), found \(remark.found)", defect: remark.kind.rawValue)
    }
  }

  /// The finding that an error of reading is.
  func finding(_ error: FlatFormatError) -> Finding {
    switch error {
    case .file, .elsewhere: Finding(.structure, file: path, location: "", message: "\(error)")
    case .refused(let rule, let file, let place, let expected, let found):
      Finding(
        RuleID(rule), file: file, location: place, message: "expected \(expected), found \(found)",
        defect: rule.rawValue)
    }
  }
}
