internal import ByteFiles
internal import FlatFormats
internal import TensorStreams
internal import Tensors

/// A flat file in the form that rules need.
final class FlatSubject {
  let path: String
  /// The format, or a description of the first bytes if the format is unknown.
  let found: String
  /// The format as verdicts print it; nil if it is unknown.
  let kind: String?
  /// The file that is open; nil for a set of shards without an index.
  let file: ReadableFile?
  /// The paths of all files that are read.
  let files: [String]
  /// The file; nil if its header or directory is not sound.
  let source: (any FlatWeightsSource)?
  let options: ValidationOptions
  /// The first error that is not a defect of the file.
  private(set) var failure: (any Error)?
  private let pickleRemarks: [FlatRemark]
  private let progress: (Int) -> Void

  init(
    path: String, found: String, kind: String?, file: ReadableFile?, files: [String],
    source: (any FlatWeightsSource)?, pickleRemarks: [FlatRemark], options: ValidationOptions,
    progress: @escaping (Int) -> Void
  ) {
    self.files = files
    self.kind = kind
    self.file = file
    self.path = path
    self.found = found
    self.source = source
    self.pickleRemarks = pickleRemarks
    self.options = options
    self.progress = progress
  }

  /// The notes of the reader, and those from following every pickle of the file; the reader follows only one pickle.
  var remarks: [FlatRemark] {
    let followed: [FlatRemarkKind] = [.dataGlobal, .foreignGlobal, .codeGlobal, .unexamined]
    let unexamined = Set(pickleRemarks.compactMap { $0.kind == .unexamined ? $0.place : nil })
    return (source?.remarks ?? []).filter { remark in
      !followed.contains(remark.kind)
        && !(remark.kind == .unreferencedBytes && unexamined.contains(remark.place))
    } + pickleRemarks
  }

  /// The results of reading all bytes; only deep rules use it.
  lazy var bytes: [(tensor: Int, found: TensorScan)] =
    source.map { source in
      TensorScan.run(source, Array(source.tensors.indices), hashes: false, progress: progress)
    } ?? []

  /// The state of the optimizer beside the weights; nil if there is none, or none that is read.
  lazy var optimizer: (any TensorSource)? = (try? source?.optimizer()) ?? nil
  /// The results of reading the bytes of the optimizer's state, which no rule about weights uses.
  lazy var optimizerBytes: [(tensor: Int, found: TensorScan)] =
    optimizer.map { state in
      TensorScan.run(state, Array(state.tensors.indices), hashes: false, progress: progress)
    } ?? []

  /// The paths by which a project's rules may refer to the file or set.
  var paths: [String] { ProjectSubject.paths(path, files, kind: kind) }

  func finding(
    _ rule: RuleID, _ severity: Severity = .error, at location: String, _ message: String
  ) -> Finding {
    Finding(rule, severity, file: path, location: location, message: message)
  }

  /// The notes of these kinds, as findings.
  func remarks(_ kinds: [FlatRemarkKind], as rule: RuleID, _ severity: Severity) -> [Finding] {
    remarks.filter { kinds.contains($0.kind) }.map { finding($0, as: rule, severity) }
  }

  func finding(_ remark: FlatRemark, as rule: RuleID, _ severity: Severity) -> Finding {
    Finding(
      rule, severity, file: path, location: remark.place,
      message: "expected \(remark.expected), found \(remark.found)", defect: remark.kind.rawValue)
  }

  /// The finding for a read error.
  func finding(_ error: any Error) -> Finding {
    guard case FlatFormatError.broken(let defect, let file, let place, let expected, let found) = error else {
      failure = failure ?? error
      return Finding(.structure, file: path, location: "", message: "\(error)")
    }
    return Finding(
      RuleID(defect), file: file, location: place, message: "expected \(expected), found \(found)",
      defect: defect.id)
  }
}
