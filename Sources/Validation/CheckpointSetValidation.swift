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

  /// The verdict on the set; a finding on one of its files has the path of that file.
  ///
  /// - Parameter progress: called on this thread with the bytes read since the last call.
  func verdict(_ progress: @escaping (Int) -> Void) throws(UncheckableFile) -> FileVerdict {
    var findings: [Finding] = []
    var set: UnitCheckpoint?
    do throws(CheckpointError) {
      for entry in try CheckpointSet.entries(file).parts { findings += try self.findings(entry, progress) }
      if !findings.contains(where: { $0.severity == .error }) { set = try CheckpointSet.open(file) }
    } catch { findings.append(finding(error)) }
    if let set {
      let subject = CheckpointSubject(
        CheckpointExamination(set), file: file, progress: { _ in }, options: options)
      // Rules about bytes and HDF5 objects were applied to the files.
      let rules = RuleID.allCases.filter { $0.rule.isOfIndex || $0.rule.isOfProject }
      let known = Set(findings.map { "\($0.rule) \($0.location) \($0.message)" })
      findings += rules.flatMap { $0.rule.findings(in: subject) }.filter {
        !known.contains("\($0.rule) \($0.location) \($0.message)")
      }
    }
    return FileVerdict(
      path: file.path, kind: "unit-checkpoint", tensorCount: set?.tensors.count, isDeep: options.deep,
      findings: options.ordered(findings),
      rules: FileValidation.rules(about: .checkpoint, options, isOpened: set != nil, findings))
  }

  private func findings(
    _ entry: CheckpointSet.Entry, _ progress: @escaping (Int) -> Void
  ) throws(CheckpointError) -> [Finding] {
    let part: ReadableFile
    do throws(FileError) {
      part = try ReadableFile(named: entry.name, within: SystemPath.folder(of: file.path))
    } catch {
      return [
        Finding(
          .index, file: file.path, location: "file \(TensorName(entry.name).quoted)",
          message: "expected a file that can be read, found none (\(error))",
          defect: CheckpointDefect.set.rawValue)
      ]
    }
    var options = options
    options.part = .ofSoundSet
    do throws(UncheckableFile) {
      return try FileValidation.check(part, options, progress: progress).findings
    } catch {
      return [
        Finding(
          .index, file: part.path, location: "", message: "expected a part of a checkpoint (\(error))",
          defect: CheckpointDefect.set.rawValue)
      ]
    }
  }

  private func finding(_ error: CheckpointError) -> Finding {
    let reported = error.reported(at: "")
    return Finding(
      RuleID(error), file: file.path, location: reported.location, message: reported.message,
      defect: error.defect?.rawValue)
  }
}
