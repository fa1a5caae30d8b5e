internal import ByteFiles
internal import FlatFormats
internal import HDF5Kit
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// A unit checkpoint in the form that rules need; values for several rules are computed once.
final class CheckpointSubject {
  let examination: CheckpointExamination
  /// The file that is open; nil if only its parts are examined.
  let file: ReadableFile?
  /// The checkpoint; nil if its index cannot be decoded.
  let checkpoint: UnitCheckpoint?
  /// The first error of the operating system while the rules ran; a file that could not be read is not a damaged file.
  private(set) var failure: FileError?
  private let progress: (Int) -> Void

  let options: ValidationOptions
  /// The stored graph; nil if the checkpoint has none, or one whose record or files cannot be read.
  lazy var storedModel: StoredModel? = {
    guard let checkpoint, (try? checkpoint.sourceRecord())?.kind == FlatFormatKind.onnx.rawValue else {
      return nil
    }
    return hollowFiles.map { StoredModel($0, path: checkpoint.path) }
  }()
  /// The stored files without their tensors' elements; nil if there are none, or if they cannot be read.
  lazy var hollowFiles: [HollowFile]? = {
    guard let checkpoint, let source = try? checkpoint.sourceRecord(), let headers = try? checkpoint.headers()
    else { return nil }
    var files: [HollowFile] = []
    for shard in source.shards {
      guard let header = shard.header, let holes = shard.holes else { return nil }
      files.append(HollowFile(name: shard.name, bytes: headers[header], holes: holes))
    }
    return files
  }()

  init(
    _ examination: CheckpointExamination, file: ReadableFile? = nil, progress: @escaping (Int) -> Void,
    options: ValidationOptions
  ) {
    self.file = file
    self.options = options
    self.examination = examination
    checkpoint = examination.checkpoint
    self.progress = progress
  }

  /// Links and objects anywhere in the file that are broken or are not followed.
  lazy var refusals: [HDF5Error] = examination.refusals()

  /// Objects in the groups of tensors that no row of the index names.
  lazy var unlisted: Result<[String], CheckpointError> = Result { () throws(CheckpointError) in
    try checkpoint?.unlistedDatasets() ?? []
  }

  /// The stored plan.
  lazy var plan: Result<Plan, CheckpointError>? = checkpoint.map { checkpoint in
    Result { () throws(CheckpointError) in try checkpoint.parsedPlan() }
  }

  /// The plan applied to the tensors of the index.
  lazy var placement = PlanPlacement(checkpoint, plan: try? plan?.get())

  /// The results of reading all bytes; only deep rules use it.
  lazy var bytes: [(tensor: Int, found: TensorScan)] =
    checkpoint.map { checkpoint in
      TensorScan.run(checkpoint, checkpoint.checkableTensors, hashes: true, progress: progress)
    } ?? []

  func finding(
    _ rule: RuleID, _ severity: Severity = .error, at location: String, _ message: String
  ) -> Finding {
    Finding(rule, severity, file: examination.path, location: location, message: message)
  }

  /// Records an error of the operating system, in addition to the finding that the rule makes of it.
  func note(failure error: FileError) { failure = failure ?? error }

  /// The finding for a read error; if the error has a place, it replaces `location`.
  func finding(_ error: CheckpointError, at location: String = "") -> Finding {
    if case .file(let failure) = error { note(failure: failure) }
    return error.finding(in: examination.path, at: location)
  }
}

/// The name of a tensor in messages.
func place(of tensor: TensorSpec) -> String { "tensor \(tensor.name.quoted)" }

extension CheckpointError {
  /// The finding for the error; if the error has a place, it replaces `location`.
  func finding(in file: String, at location: String = "") -> Finding {
    let reported = reported(at: location)
    return Finding(
      RuleID(self), file: file, location: reported.location, message: reported.message,
      defect: defect?.rawValue)
  }

  /// The error's place, and its sentence without the file's name, which the finding has separately.
  func reported(at location: String) -> (location: String, message: String) {
    switch self {
    case .broken(_, _, let place, let expected, let found),
      .unsupported(_, let place, let expected, let found):
      (place, "expected \(expected), found \(found)")
    case .plan(_, let error): ("/tessera/plan", "\(error)")
    case .hdf5(let path, let error):
      error.place.map { ($0, error.statement) } ?? (location, Self.sentence("\(error)", without: path))
    case .notACheckpoint(_, let found):
      ("/", "expected attribute format = \"tessera.checkpoint\", found \(found)")
    case .unknownVersion(_, let found):
      ("/", "expected layout version 2.x, found \(found)\(CheckpointError.wayOn(found))")
    case .file(let error): (location, "\(error)")
    case .stream(_, let error): (location, "\(error)")
    }
  }

  private static func sentence(_ text: String, without path: String) -> String {
    let prefix = "\(path): "
    return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
  }
}
