internal import ByteFiles
internal import FlatFormats

/// The rules over a flat file, and over a pickle or an archive that holds no weights.
struct FlatValidation {
  private let path: String
  private let found: FlatFormatKind?
  /// What the file begins with, in words.
  private let content: String
  private let options: ValidationOptions
  /// What the pickles in the file ask Python for, whether or not the file can be opened.
  private let scan: PickleScan?

  /// Follows the pickles of a file that may have some.
  init(_ file: ReadableFile, _ options: ValidationOptions) throws(UncheckableFile) {
    path = file.path
    found = FlatFormats.recognise(file)
    content = FlatFormats.contentInWords(file)
    self.options = options
    let kinds: [FlatFormatKind?] = [.pytorch, .npz, .npy, nil]
    do throws(FlatFormatError) {
      scan = kinds.contains(found) ? try PickleScan(file) : nil
    } catch { throw .flat(error) }
  }

  /// A set of shards, whose files have no pickles.
  init(setAt path: String, _ options: ValidationOptions) {
    self.path = path
    found = .shardedSafetensors
    content = ""
    self.options = options
    scan = nil
  }

  /// The verdict on a file that was opened, or could not be.
  func verdict(
    _ source: (any FlatWeightsSource)?, _ errors: [FlatFormatError], progress: @escaping (Int) -> Void
  ) throws(UncheckableFile) -> FileVerdict {
    let remarks = scan?.remarks ?? []
    let isSuspect = remarks.contains { [.foreignGlobal, .codeGlobal].contains($0.kind) }
    var defects: [FlatFormatError] = []
    var isPlainPickle = false
    var beyond: [Finding] = []
    for error in errors {
      guard let rule = error.rule else { throw .flat(error) }
      // A pickle without tensors is judged by what it names.
      if rule == .pickleGlobals || rule == .torchNoTensors, scan?.pickleCount ?? 0 > 0 {
        isPlainPickle = true
        continue
      }
      guard rule.isUnsupported else {
        defects.append(error)
        continue
      }
      // What is not supported is no finding, but what its pickles would do is one all the same.
      guard isSuspect else { throw .flat(error) }
      beyond.append(
        Finding(
          .unexamined, .warning, file: path, location: "",
          message: "expected what is supported, found \(error)"))
    }
    let kind = isPlainPickle ? "pickle" : (source?.kind ?? found)?.rawValue
    let subject = FlatSubject(
      path: path, found: kind ?? content, source: source, pickleRemarks: remarks, options: options,
      progress: progress)
    let told = defects.map { subject.finding($0) } + beyond
    let findings = RuleID.allCases.flatMap { id in
      told.filter { $0.rule == id } + (id.isDeep && !options.deep ? [] : id.rule.findings(in: subject))
    }
    if let failure = subject.failure { throw .flat(failure) }
    let isOpened = source != nil || isPlainPickle
    return FileVerdict(
      path: path, kind: kind, tensorCount: source?.tensors.count ?? (isPlainPickle ? 0 : nil),
      isDeep: options.deep, findings: findings,
      rules: FileValidation.rules(about: .flat, deep: options.deep, isOpened: isOpened, findings))
  }

  /// The verdict on a file of no known format whose name promises one, or whose pickles name more than data; nil for
  /// other files.
  func verdictOfUnknown() throws(UncheckableFile) -> FileVerdict? {
    let remarks = scan?.remarks ?? []
    let isSuspect = remarks.contains { [.foreignGlobal, .codeGlobal].contains($0.kind) }
    guard isSuspect || FlatFormats.promise(ofName: path) != nil else { return nil }
    let subject = FlatSubject(
      path: path, found: content, source: nil, pickleRemarks: remarks, options: options,
      progress: { _ in })
    let findings = [RuleID.format, .pickleGlobals, .unexamined].flatMap { $0.rule.findings(in: subject) }
    return FileVerdict(
      path: path, kind: nil, tensorCount: nil, findings: findings,
      rules: FileValidation.rules(about: .flat, deep: false, isOpened: false, findings))
  }
}
