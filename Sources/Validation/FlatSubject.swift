internal import FlatFormats
internal import TensorStreams
internal import Tensors

/// A flat file as the rules see it.
final class FlatSubject {
  let path: String
  /// The format, or what a file of no known format begins with.
  let found: String
  /// The file, when its header or directory is sound.
  let source: (any FlatWeightsSource)?
  let options: ValidationOptions
  /// What kept the file from being read that is no defect of it.
  private(set) var failure: (any Error)?
  private let pickleRemarks: [FlatRemark]
  private let progress: (Int) -> Void

  init(
    path: String, found: String, source: (any FlatWeightsSource)?, pickleRemarks: [FlatRemark],
    options: ValidationOptions, progress: @escaping (Int) -> Void
  ) {
    self.path = path
    self.found = found
    self.source = source
    self.pickleRemarks = pickleRemarks
    self.options = options
    self.progress = progress
  }

  /// What the reader remarked on, and what following every pickle of the file has shown. The reader sees only the one
  /// that it reads.
  var remarks: [FlatRemark] {
    let followed: [FlatRemarkKind] = [.dataGlobal, .foreignGlobal, .codeGlobal, .unexamined]
    let unexamined = Set(pickleRemarks.compactMap { $0.kind == .unexamined ? $0.place : nil })
    return (source?.remarks ?? []).filter { remark in
      !followed.contains(remark.kind)
        && !(remark.kind == .unreferencedBytes && unexamined.contains(remark.place))
    } + pickleRemarks
  }

  /// What reading all bytes has told; asked for by deep rules only.
  lazy var bytes: [(tensor: Int, found: TensorScan)] =
    source.map { source in
      TensorScan.run(source, Array(source.tensors.indices), hashes: false, progress: progress)
    } ?? []

  func finding(
    _ rule: RuleID, _ severity: Severity = .error, at location: String, _ message: String
  ) -> Finding {
    Finding(rule, severity, file: path, location: location, message: message)
  }

  /// The reader's remarks of these kinds.
  func remarks(_ kinds: [FlatRemarkKind], as rule: RuleID, _ severity: Severity) -> [Finding] {
    remarks.filter { kinds.contains($0.kind) }.map { finding($0, as: rule, severity) }
  }

  func finding(_ remark: FlatRemark, as rule: RuleID, _ severity: Severity) -> Finding {
    Finding(
      rule, severity, file: path, location: remark.place,
      message: "expected \(remark.expected), found \(remark.found)", defect: remark.kind.rawValue)
  }

  /// The finding that an error of reading is.
  func finding(_ error: any Error) -> Finding {
    guard case FlatFormatError.refused(let rule, let file, let place, let expected, let found) = error else {
      failure = failure ?? error
      return Finding(.structure, file: path, location: "", message: "\(error)")
    }
    return Finding(
      RuleID(rule), file: file, location: place, message: "expected \(expected), found \(found)",
      defect: rule.rawValue)
  }
}
