internal import ByteFiles
internal import FlatFormats
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import Validation

/// A `tessera.lock`: the digests that files and their tensors had.
struct Lock: Sendable {
  /// The path of the document.
  let path: String
  let document: LockDocument
  /// The folder of the document, absolute and without links.
  private let folder: String
  private let identity: FileIdentity?
  private let files: [TensorName: LockDocument.File]

  /// Reads the document at `path`.
  init(_ path: String) throws(TesseraError) {
    self.path = path
    document = try DocumentFile.read(path, limit: LockDocument.sizeLimit, as: "a lock") {
      try LockDocument(parsing: $0)
    }
    folder = SystemPath.resolved(SystemPath.folder(of: path)) ?? "/"
    identity = FileIdentity(path: path)
    files = Dictionary(
      document.files.map { (TensorName($0.path), $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The name in messages.
  var name: String { SystemPath.bareName(of: path) }

  func isDocument(_ path: String) -> Bool { identity.map { $0 == FileIdentity(path: path) } ?? false }

  func lists(_ path: String) -> Bool { locked(path) != nil }

  /// Whether the file is in a folder that was locked as a whole, with files that are no weights.
  func covers(_ path: String) -> Bool {
    guard let path = Project.relative(path, to: folder) else { return false }
    return document.folders.contains { $0 == "." || SystemPath.rest(of: path, after: $0 + "/") != nil }
  }

  private func locked(_ path: String) -> LockDocument.File? {
    Project.relative(path, to: folder).flatMap { files[TensorName($0)] }
  }

  /// The verdicts on the locked files below a folder that were not among the files that were checked: those that are not
  /// there, hidden ones, and those behind a link to a folder.
  func others(below path: String) throws(FileError) -> [FileVerdict] {
    guard FolderValidation.isFolder(path), let below = Project.relative(path, to: folder) else { return [] }
    let checked = Set(try FolderListing(path).folders.flatMap(\.paths).map { TensorName($0) })
    return document.files.compactMap { file in
      guard let rest = below == "." ? file.path : SystemPath.rest(of: file.path, after: below + "/") else {
        return nil
      }
      let place = SystemPath.joined(path, rest)
      guard !checked.contains(TensorName(place)) else { return nil }
      do throws(FileError) {
        let open = try ReadableFile(path: place)
        let digest = try ProjectChecks.digest(of: open)
        if digest == file.sha256 { return nil }
        return FileVerdict(
          path: place, kind: file.kind, ProjectFinding("lock-changed", changed(file, open.size, digest)))
      } catch {
        let found = SystemPath.linkStatus(place) == nil ? "none" : "one that cannot be read (\(error.reason))"
        return FileVerdict(
          path: place, kind: file.kind,
          ProjectFinding("lock-missing", "expected the file of \(name), found \(found)"))
      }
    }
  }

  private func changed(_ file: LockDocument.File, _ size: Int, _ digest: SHA256Digest) -> String {
    "expected \(file.byteCount.grouped) bytes with SHA-256 \(file.sha256.short) as in \(name), "
      + "found \(size.grouped) with \(digest.short)"
  }

  /// What changed in the files and the tensors of a file or set; nothing about files that the lock does not list.
  func findings(in subject: ProjectSubject) -> [ProjectFinding] {
    var findings: [ProjectFinding] = []
    var changes: [(path: String, words: String)] = []
    for path in subject.files {
      guard let file = locked(path) else { continue }
      do {
        guard let open = try ProjectChecks.open(path, of: subject) else { continue }
        let digest = try ProjectChecks.digest(of: open)
        if digest == file.sha256 { continue }
        changes.append((path, changed(file, open.size, digest)))
      } catch {
        findings.append(
          ProjectFinding(
            unexamined: "lock-changed", file: path, "expected a file to read, found: \(error) (\(name))"))
      }
    }
    guard !changes.isEmpty else { return findings }
    let tensors = tensorFindings(in: subject)
    // A file can change without its tensors: another header, another compression.
    let rest = tensors?.isEmpty == true ? "; every tensor is the same" : ""
    return findings + changes.map { ProjectFinding("lock-changed", file: $0.path, $0.words + rest) }
      + (tensors ?? [])
  }

  /// The tensors that changed, appeared or disappeared in a changed file or set; nil if they are not known.
  private func tensorFindings(in subject: ProjectSubject) -> [ProjectFinding]? {
    let old = subject.files.compactMap(locked).flatMap(\.tensors)
    let found: [LockDocument.Tensor]
    do {
      switch subject.contents {
      case .flat(let source): found = try LockDocument.tensors(of: source)
      case .checkpoint(let file):
        guard let checkpoint = try OpenedFile(file, usesHeaders: false).checkpoint else { return nil }
        found = checkpoint.index.tensors.map { .init(name: $0.spec.name, sha256: $0.digest) }
      case .none, .left: return nil
      }
    } catch {
      return [
        ProjectFinding(
          unexamined: "lock-tensors", "expected tensors to compare with \(name), found: \(error)")
      ]
    }
    let before = Dictionary(old.map { ($0.name, $0.sha256) }, uniquingKeysWith: { first, _ in first })
    let now = Dictionary(found.map { ($0.name, $0.sha256) }, uniquingKeysWith: { first, _ in first })
    let changed = found.compactMap { tensor -> (TensorName, String, String)? in
      guard let digest = before[tensor.name] else {
        return (
          tensor.name, "lock-tensor-new", "expected a tensor that \(name) lists, found one that it lacks"
        )
      }
      if digest == tensor.sha256 { return nil }
      return (
        tensor.name, "lock-tensor-changed",
        "expected SHA-256 \(digest.short) as in \(name), found \(tensor.sha256.short)"
      )
    }
    let gone = old.filter { now[$0.name] == nil }.map {
      ($0.name, "lock-tensor-missing", "expected the tensor of \(name), found none")
    }
    let all = changed + gone
    let shown = all.prefix(Self.findingLimit).map { ProjectFinding($0.1, at: "tensor \($0.0.quoted)", $0.2) }
    if all.count == shown.count { return shown }
    return shown + [
      ProjectFinding("lock-tensors", "found \((all.count - shown.count).grouped) more tensors that differ")
    ]
  }

  /// The most findings about the tensors of a file.
  private static let findingLimit = 100
}
