internal import ByteFiles
internal import FlatFormats
internal import ONNXGraph
internal import TensorStreams
internal import Zip

/// Applies the rules to a flat file, or to a pickle or an archive without weights.
struct FlatValidation {
  private let path: String
  private let found: FlatFormatKind?
  /// A description of the first bytes.
  private let content: String
  private let options: ValidationOptions
  /// The Python names to which the file's pickles refer, even if the file cannot be opened.
  private let scan: PickleScan?
  /// The file; nil for a set of files.
  private let file: ReadableFile?
  /// The files of a set, or the file itself.
  private let files: [String]

  /// Follows the pickles of a file that may have some.
  init(_ file: ReadableFile, _ options: ValidationOptions) throws(UncheckableFile) {
    path = file.path
    self.file = file
    files = [file.path]
    found = FlatFormats.recognise(file)
    content = FlatFormats.contentInWords(file)
    self.options = options
    do throws(FlatFormatError) {
      scan = found.map(FlatFormats.mayHoldPickles) ?? true ? try FlatFormats.pickles(in: file) : nil
    } catch { throw .flat(error) }
  }

  /// A set of shards, or the files of ranks: safetensors have no pickles.
  init(
    setAt path: String, files: [String], kind: FlatFormatKind = .shardedSafetensors,
    _ options: ValidationOptions
  ) {
    self.path = path
    self.files = files
    found = kind
    content = ""
    self.options = options
    scan = nil
    file = nil
  }

  /// The verdict on a file, even if it could not be opened.
  func verdict(
    _ source: (any FlatWeightsSource)?, _ errors: [FlatFormatError], progress: @escaping (Int) -> Void
  ) throws(UncheckableFile) -> FileVerdict {
    let remarks = try remarks(beside: source)
    let isSuspect = remarks.contains { [.foreignGlobal, .codeGlobal].contains($0.kind) }
    var defects: [FlatFormatError] = []
    var isPlainPickle = false
    var beyond: [FlatFormatError] = []
    for error in errors {
      guard let defect = error.defect else { throw .flat(error) }
      // A pickle without tensors is judged by the names to which it refers.
      if defect == .format(.pickleGlobals) || defect == .format(.torchNoTensors), scan?.pickleCount ?? 0 > 0 {
        isPlainPickle = true
        continue
      }
      if defect.isUnsupported { beyond.append(error) } else { defects.append(error) }
    }
    // Unsupported features alone are not a finding. If there are also defects, or pickles that do more than make data, the
    // features are reported as not examined.
    if let first = beyond.first, defects.isEmpty, !isSuspect { throw .flat(first) }
    let kind = isPlainPickle ? "pickle" : (source?.kind ?? found)?.rawValue
    let subject = FlatSubject(
      path: path, found: kind ?? content, kind: kind, file: file, files: source?.files ?? files,
      source: source,
      pickleRemarks: remarks, options: options, progress: progress)
    let reported =
      defects.map { subject.finding($0) }
      + beyond.map {
        subject.finding(.unexamined, .warning, at: "", "expected only supported features, found \($0)")
      }
    let findings = options.ordered(
      RuleID.allCases.flatMap { id in
        reported.filter { $0.rule == id } + (id.isDeep && !options.deep ? [] : id.rule.findings(in: subject))
      })
    if let failure = subject.failure { throw .source(SourceFailure(failure)) }
    let isOpened = source != nil || isPlainPickle
    var verdict = FileVerdict(
      path: path, kind: kind, tensorCount: source?.tensors.count ?? (isPlainPickle ? 0 : nil),
      isDeep: options.deep, findings: findings,
      rules: FileValidation.rules(about: .flat, options, isOpened: isOpened, findings))
    verdict.tensors = source?.tensors.map(\.spec)
    verdict.paths = subject.paths
    return verdict
  }

  /// The notes from following the pickles, also those in bytes that the reader does not read.
  private func remarks(beside source: (any FlatWeightsSource)?) throws(UncheckableFile) -> [FlatRemark] {
    guard var scan, let file else { return [] }
    for range in source?.remarks.compactMap(\.unread) ?? [] {
      do throws(FlatFormatError) { try scan.scan(unread: range, of: file) } catch { throw .flat(error) }
    }
    return scan.remarks
  }

  /// The verdict on a file of unknown format whose name promises a format, which stands in for another one, or whose
  /// pickles refer to more than data; nil for other files.
  func verdictOfUnknown() throws(UncheckableFile) -> FileVerdict? {
    let found = scan?.remarks ?? []
    let isSuspect = found.contains { [.foreignGlobal, .codeGlobal].contains($0.kind) }
    let isStandIn = file.map(FlatFormats.isStandIn) ?? false
    // A text may begin like a pickle; it is reported as a text.
    let remarks = isSuspect || file.map(FlatFormats.isText) != true ? found : []
    guard isSuspect || isStandIn || FlatFormats.promise(ofName: path) != nil else { return nil }
    let subject = FlatSubject(
      path: path, found: content, kind: nil, file: file, files: files, source: nil,
      pickleRemarks: remarks,
      options: options, progress: { _ in })
    let findings = [RuleID.format, .pickleGlobals, .unexamined, .project].flatMap {
      $0.rule.findings(in: subject)
    }
    return FileVerdict(
      path: path, kind: nil, tensorCount: nil, findings: findings,
      rules: FileValidation.rules(about: .flat, options, isOpened: false, findings))
  }
}

extension FlatDefect {
  /// Whether a file that breaks the rule may be valid and only uses an unsupported feature.
  package var isUnsupported: Bool {
    switch self {
    case .format(let rule):
      [
        .notRecognised, .shardsFolder, .npyVersion, .npyObject, .npyStructured, .npyLongDouble, .npyOpaque,
        .npyAssumedWidth, .npzMember, .torchNoTensors, .torchTar, .torchDeepSpeed, .hdf5Feature, .ggufVersion,
        .ggufByteOrder, .ggufSplit,
        .dcpStorage, .dcpPart,
        .tensorflowFeature, .tensorflowFolder,
      ].contains(rule)
    case .zip(let rule): [.disks, .encrypted, .method].contains(rule)
    case .graph(let rule): rule == .segment
    }
  }
}
