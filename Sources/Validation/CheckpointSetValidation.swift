internal import ByteFiles
internal import Tensors
internal import UnitCheckpoints

/// Applies the rules to a set of checkpoints: to each file by itself, then to the set as one checkpoint.
struct CheckpointSetValidation {
  private let file: ReadableFile
  private let options: ValidationOptions

  init(_ file: ReadableFile, _ options: ValidationOptions) {
    self.file = file
    self.options = options
  }

  /// The rules that need all tensors. They are applied to the set, and no others but those of the index and of pages.
  private static let ofWhole: Set<RuleID> = [.digest, .nonFinite, .owners, .storedGraph, .project, .lock]

  /// The verdict on the set; a finding on one of its files has the path of that file.
  ///
  /// - Parameter progress: called on this thread with the bytes read since the last call.
  func verdict(_ progress: @escaping (Int) -> Void) throws(UncheckableFile) -> FileVerdict {
    var findings: [Finding] = []
    var scans: [(tensor: Int, found: TensorScan)] = []
    var set: UnitCheckpoint?
    do throws(CheckpointError) {
      for entry in try CheckpointSet.entries(file).parts {
        guard let subject = subject(entry, progress, &findings) else { continue }
        do throws(UncheckableFile) {
          findings += try FileValidation.findings(in: subject) { !Self.ofWhole.contains($0) }
        } catch { findings.append(refusal(of: subject.examination.path, error)) }
        // No tensor is read twice.
        if options.deep { scans += subject.bytes }
      }
      if !findings.contains(where: { $0.severity == .error }) { set = try CheckpointSet.open(file) }
    } catch { findings.append(error.finding(in: file.path)) }
    if let set {
      let subject = CheckpointSubject(
        CheckpointExamination(set), file: file, progress: progress, options: options)
      if options.deep { subject.bytes += scans }
      let known = Set(findings.map { "\($0.rule) \($0.location) \($0.message)" })
      findings += try FileValidation.findings(in: subject) {
        $0.rule.isOfIndex || $0 == .pageChecksum || Self.ofWhole.contains($0)
      }
      .filter { !known.contains("\($0.rule) \($0.location) \($0.message)") }
    }
    return FileVerdict(
      path: file.path, kind: "unit-checkpoint", tensorCount: set?.tensors.count, isDeep: options.deep,
      findings: options.ordered(findings),
      rules: FileValidation.rules(about: .checkpoint, options, isOpened: set != nil, findings))
  }

  /// A file of the set in the form that rules need; nil if it cannot be opened, which is a finding.
  private func subject(
    _ entry: CheckpointSet.Entry, _ progress: @escaping (Int) -> Void, _ findings: inout [Finding]
  ) -> CheckpointSubject? {
    let part: ReadableFile
    do throws(FileError) {
      part = try ReadableFile(named: entry.name, within: SystemPath.folder(of: file.path))
    } catch {
      findings.append(
        Finding(
          .index, file: file.path, location: "file \(TensorName(entry.name).quoted)",
          message: "expected a file that can be read, found none (\(error))",
          defect: CheckpointDefect.set.rawValue))
      return nil
    }
    var options = options
    options.part = .ofSoundSet
    do throws(CheckpointError) {
      return CheckpointSubject(
        try CheckpointExamination(part), file: part, progress: progress, options: options)
    } catch {
      findings.append(refusal(of: part.path, .checkpoint(error)))
      return nil
    }
  }

  private func refusal(of path: String, _ error: UncheckableFile) -> Finding {
    Finding(
      .index, file: path, location: "", message: "expected a part of a checkpoint (\(error))",
      defect: CheckpointDefect.set.rawValue)
  }

}
