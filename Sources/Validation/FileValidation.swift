package import ByteFiles
package import FlatFormats
internal import HDF5Kit
package import TensorStreams
package import Tensors
package import UnitCheckpoints

/// Applies all rules to one file.
package enum FileValidation {
  /// All findings on a file, in the order of the rules.
  package static func findings(
    in file: ReadableFile, deep: Bool, assumeDType: DType? = nil
  ) throws(UncheckableFile) -> [Finding] {
    var options = ValidationOptions()
    options.deep = deep
    options.reading.assumeDType = assumeDType
    return try check(file, options).findings
  }

  /// The findings, the format, and the rules that were applied. If the file could be opened, these are all rules for
  /// its kind; otherwise the rules that its errors break.
  ///
  /// - Parameter progress: called on this thread with the bytes read since the last call.
  package static func check(
    _ file: ReadableFile, _ options: ValidationOptions, progress: @escaping (Int) -> Void = { _ in }
  ) throws(UncheckableFile) -> FileVerdict {
    let outcome = Result { () throws(UncheckableFile) in
      try unadjusted(file, options, progress: progress).adjusted(options)
    }
    // A file that the operating system cannot read is not damaged, even if rules made findings of it.
    if let failure = file.failure { throw .file(failure) }
    return try outcome.get()
  }

  private static func unadjusted(
    _ file: ReadableFile, _ options: ValidationOptions, progress: @escaping (Int) -> Void
  ) throws(UncheckableFile) -> FileVerdict {
    if CheckpointSet.isList(file) { return try CheckpointSetValidation(file, options).verdict(progress) }
    let isHDF5: Bool
    do throws(FileError) { isHDF5 = try HDF5File.hasSignature(file) } catch { throw .file(error) }
    if isHDF5, FlatFormats.recognise(file) == nil {
      let examination: CheckpointExamination
      do throws(CheckpointError) { examination = try CheckpointExamination(file) } catch {
        throw .checkpoint(error)
      }
      return try verdict(examination, file, options, progress: progress)
    }
    if file.path.hasSuffix(DDUFValidation.suffix) { return try DDUFValidation.verdict(file, options) }
    if FlatFormats.recognise(file) != nil {
      let (source, errors) = FlatFormats.examine(file, options.reading)
      return try FlatValidation(file, options).verdict(source, errors, progress: progress)
    }
    if let examination = CheckpointExamination(damagedSignatureOf: file) {
      return try verdict(examination, file, options, progress: progress)
    }
    guard let verdict = try FlatValidation(file, options).verdictOfUnknown() else { throw .notRecognised }
    return verdict
  }

  /// The findings of the rules that are wanted, in the order of the rules.
  static func findings(
    in subject: CheckpointSubject, of isWanted: (RuleID) -> Bool
  ) throws(UncheckableFile) -> [Finding] {
    let opening = subject.examination.errors.map { subject.finding($0) }
    let findings = subject.options.ordered(
      RuleID.allCases.flatMap { id in
        opening.filter { $0.rule == id }
          + (id.isDeep && !subject.options.deep || !isWanted(id) ? [] : id.rule.findings(in: subject))
      })
    if let failure = subject.failure { throw .file(failure) }
    return findings
  }

  /// The rules for such files, and the rules with findings.
  static func rules(
    about subjects: RuleSubjects, _ options: ValidationOptions, isOpened: Bool, _ findings: [Finding]
  ) -> [RuleID] {
    RuleID.allCases.filter { rule in
      findings.contains { $0.rule == rule }
        || isOpened && !rule.subjects.isDisjoint(with: subjects) && (options.deep || !rule.isDeep)
          && (!rule.isOfProject || options.project?.rules.contains(rule) == true)
    }
  }

  private static func verdict(
    _ examination: CheckpointExamination, _ file: ReadableFile, _ options: ValidationOptions,
    progress: @escaping (Int) -> Void
  ) throws(UncheckableFile) -> FileVerdict {
    let subject = CheckpointSubject(examination, file: file, progress: progress, options: options)
    let findings = try findings(in: subject) { _ in true }
    return FileVerdict(
      path: examination.path, kind: "unit-checkpoint",
      tensorCount: subject.checkpoint.map(\.index.tensors.count), isDeep: options.deep, findings: findings,
      rules: rules(
        about: .checkpoint, options, isOpened: subject.checkpoint != nil, findings))
  }
}

/// The reason why a file cannot be checked.
package enum UncheckableFile: Error, CustomStringConvertible {
  /// It cannot be read.
  case file(FileError)
  /// It is HDF5 of another kind, or a checkpoint of an unknown layout.
  case checkpoint(CheckpointError)
  /// It uses a feature that is not supported.
  case flat(FlatFormatError)
  /// Its tensors cannot be read.
  case source(SourceFailure)
  /// It has no known format.
  case notRecognised

  package var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .checkpoint(let error): "\(error)"
    case .flat(let error): "\(error)"
    case .source(let failure): "\(failure)"
    case .notRecognised: "expected a unit checkpoint or flat weights, found neither"
    }
  }
}
