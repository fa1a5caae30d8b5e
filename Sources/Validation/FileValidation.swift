package import ByteFiles
package import FlatFormats
internal import HDF5Kit
package import Tensors
package import UnitCheckpoints

/// All rules over one file.
package enum FileValidation {
  /// Everything that is wrong with a file, in the order of the rules.
  ///
  /// - Parameters:
  ///   - deep: also read every byte and recompute checksums and digests.
  ///   - assumeDType: what the elements of a NumPy array are whose own dtype is only a width.
  ///   - progress: called on this thread with the bytes read since the last call.
  package static func findings(
    in file: ReadableFile, deep: Bool, assumeDType: DType? = nil, progress: @escaping (Int) -> Void = { _ in }
  ) throws(UncheckableFile) -> [Finding] {
    try check(file, deep: deep, assumeDType: assumeDType, progress: progress).findings
  }

  /// The findings, and which rules had a say: all that are about such a file once it could be opened, and else those
  /// that opening it broke.
  package static func check(
    _ file: ReadableFile, deep: Bool, assumeDType: DType? = nil, progress: @escaping (Int) -> Void = { _ in }
  ) throws(UncheckableFile) -> (findings: [Finding], rules: [RuleID]) {
    let isHDF5: Bool
    do throws(FileError) { isHDF5 = try HDF5File.hasSignature(file) } catch { throw .file(error) }
    if isHDF5 {
      let examination: CheckpointExamination
      do throws(CheckpointError) { examination = try CheckpointExamination(file) } catch {
        throw .checkpoint(error)
      }
      return outcome(of: examination, deep: deep, progress: progress)
    }
    if FlatFormats.recognise(file) != nil {
      return try flatOutcome(of: file, deep: deep, assumeDType: assumeDType, progress: progress)
    }
    guard let examination = CheckpointExamination(damagedSignatureOf: file) else { throw .notRecognised }
    return outcome(of: examination, deep: deep, progress: progress)
  }

  private static func rules(
    about subject: RuleSubjects, deep: Bool, isOpened: Bool, _ findings: [Finding]
  ) -> [RuleID] {
    RuleID.allCases.filter { rule in
      findings.contains { $0.rule == rule }
        || isOpened && rule.subjects.contains(subject) && (deep || !rule.isDeep)
    }
  }

  private static func outcome(
    of examination: CheckpointExamination, deep: Bool, progress: @escaping (Int) -> Void
  ) -> (findings: [Finding], rules: [RuleID]) {
    let subject = CheckpointSubject(examination, progress: progress)
    let opening = examination.errors.map { subject.finding($0) }
    let findings = RuleID.allCases.flatMap { id in
      opening.filter { $0.rule == id } + (id.isDeep && !deep ? [] : id.rule.findings(in: subject))
    }
    let isOpened = subject.checkpoint != nil
    return (findings, rules(about: .checkpoint, deep: deep, isOpened: isOpened, findings))
  }

  /// The same for the weights in a folder, which are usually an index and its shards.
  package static func check(
    folder path: String, deep: Bool, assumeDType: DType? = nil, progress: @escaping (Int) -> Void = { _ in }
  ) throws(UncheckableFile) -> (findings: [Finding], rules: [RuleID]) {
    guard let (source, errors) = FlatFormats.examine(folder: path, assumeDType: assumeDType) else {
      throw .notRecognised
    }
    return try flatOutcome(source, errors, path: source?.path ?? path, deep: deep, progress: progress)
  }

  private static func flatOutcome(
    of file: ReadableFile, deep: Bool, assumeDType: DType?, progress: @escaping (Int) -> Void
  ) throws(UncheckableFile) -> (findings: [Finding], rules: [RuleID]) {
    let (source, errors) = FlatFormats.examine(file, assumeDType: assumeDType)
    return try flatOutcome(source, errors, path: file.path, deep: deep, progress: progress)
  }

  private static func flatOutcome(
    _ source: (any FlatWeightsSource)?, _ errors: [FlatFormatError], path: String, deep: Bool,
    progress: @escaping (Int) -> Void
  ) throws(UncheckableFile) -> (findings: [Finding], rules: [RuleID]) {
    for error in errors {
      guard let rule = error.rule, !rule.isUnsupported else { throw .flat(error) }
    }
    let subject = FlatSubject(path: path, source: source, progress: progress)
    let told = errors.map { subject.finding($0) }
    let findings = RuleID.allCases.flatMap { id in
      told.filter { $0.rule == id } + (id.isDeep && !deep ? [] : id.rule.findings(in: subject))
    }
    return (findings, rules(about: .flat, deep: deep, isOpened: source != nil, findings))
  }
}

/// Why a file cannot be checked at all.
package enum UncheckableFile: Error, CustomStringConvertible {
  /// It cannot be read.
  case file(FileError)
  /// It is HDF5 of another kind, or of a layout that is not known here.
  case checkpoint(CheckpointError)
  /// It uses what is not supported here.
  case flat(FlatFormatError)
  /// Nothing says what it is.
  case notRecognised

  package var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .checkpoint(let error): "\(error)"
    case .flat(let error): "\(error)"
    case .notRecognised: "expected a unit checkpoint or flat weights, found neither"
    }
  }
}
