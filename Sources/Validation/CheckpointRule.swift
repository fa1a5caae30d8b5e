package import UnitCheckpoints

/// One rule over an open checkpoint.
protocol CheckpointRule {
  static var id: RuleID { get }
  /// Whether the rule reads the tensors' data, which only `--deep` asks for.
  static var isDeep: Bool { get }
  /// Everything the rule has to say, in file order.
  static func findings(in checkpoint: UnitCheckpoint, progress: (Int) -> Void) -> [Finding]
}

extension CheckpointRule {
  static func finding(
    _ checkpoint: UnitCheckpoint, _ severity: Severity = .error, at location: String, _ message: String
  ) -> Finding {
    Finding(id, severity, file: checkpoint.path, location: location, message: message)
  }

  /// The finding that an error of reading is.
  static func finding(_ checkpoint: UnitCheckpoint, at location: String, _ error: CheckpointError) -> Finding
  {
    finding(checkpoint, at: location, error.sentence(without: checkpoint.path))
  }
}

extension CheckpointError {
  /// The sentence without the file's name in front, which a finding carries apart.
  func sentence(without path: String) -> String {
    let text = description
    return text.hasPrefix("\(path): ") ? String(text.dropFirst(path.count + 2)) : text
  }
}

/// All rules over one file.
package enum CheckpointValidation {
  static var rules: [any CheckpointRule.Type] {
    [
      PlacementRule.self, MetadataChecksumRule.self, DatasetRule.self, PlanRule.self, SourceHeaderRule.self,
      TensorBytesRule.self,
    ]
  }

  /// Everything that is wrong with an open checkpoint.
  ///
  /// - Parameters:
  ///   - deep: also read every byte and recompute checksums and digests.
  ///   - progress: called with the bytes read since the last call.
  package static func findings(
    in checkpoint: UnitCheckpoint, deep: Bool, progress: (Int) -> Void
  ) -> [Finding] {
    rules.flatMap { rule in
      rule.isDeep && !deep ? [] : rule.findings(in: checkpoint, progress: progress)
    }
  }

  /// The finding that a checkpoint which cannot be opened is; nil where that is no defect of a recognised file.
  package static func finding(opening path: String, _ error: CheckpointError) -> Finding? {
    let rule: RuleID
    switch error {
    case .file, .notACheckpoint, .unknownVersion: return nil
    case .hdf5: rule = .structure
    case .plan: rule = .plan
    case .broken: rule = .index
    }
    return Finding(rule, file: path, location: "", message: error.sentence(without: path))
  }
}
