internal import ByteFiles
internal import FlatFormats
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import Validation

/// A `tessera.lock`: the digests that files and their tensors had.
struct Lock: Sendable {
  let place: DocumentPlace
  let document: LockDocument
  private let files: [TensorName: LockDocument.File]

  /// Reads the document at `path`.
  init(_ path: String) throws(TesseraError) {
    document = try DocumentFile.read(path, limit: LockDocument.sizeLimit, as: "a lock") {
      try LockDocument(parsing: $0)
    }
    place = try DocumentPlace(path)
    files = Dictionary(
      document.files.map { (TensorName($0.path), $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The path of the document in messages.
  var path: String { place.path }

  /// Whether one of these paths is that of a locked file.
  func lists(_ paths: [String]) -> Bool { paths.contains { locked($0) != nil } }

  /// Whether the file is in a folder that was locked as a whole, with files that are not weights.
  func covers(_ path: String) -> Bool {
    guard let path = place.relative(path) else { return false }
    return document.folders.contains { $0 == "." || SystemPath.rest(of: path, after: $0 + "/") != nil }
  }

  private func locked(_ path: String) -> LockDocument.File? {
    place.relative(path).flatMap { files[TensorName($0)] }
  }

  /// The verdicts on the locked files below a folder that were not among the files that were checked: those that are not
  /// there, hidden ones, and those behind a link to a folder.
  ///
  /// - Parameter progress: called with the bytes that were read since the last call.
  func others(below path: String, progress: (Int) -> Void) throws(FileError) -> [FileVerdict] {
    guard FolderValidation.isFolder(path), let below = place.relative(path) else { return [] }
    let checked = Set(try FolderListing(path).folders.flatMap(\.paths).map { TensorName($0) })
    return document.files.compactMap { file in
      guard let rest = below == "." ? file.path : SystemPath.rest(of: file.path, after: below + "/") else {
        return nil
      }
      let place = SystemPath.joined(path, rest)
      guard !checked.contains(TensorName(place)) else { return nil }
      do throws(FileError) {
        let open = try ReadableFile(path: place)
        let digest = try open.sha256(progress: progress)
        if digest == file.sha256 { return nil }
        return FileVerdict(
          path: place, kind: file.kind, ProjectFinding("changed", of: .lock, changed(file, open.size, digest))
        )
      } catch {
        let found = SystemPath.linkStatus(place) == nil ? "none" : "one that cannot be read (\(error.reason))"
        return FileVerdict(
          path: place, kind: file.kind,
          ProjectFinding("missing", of: .lock, "expected the file of \(self.path), found \(found)"))
      }
    }
  }

  private func changed(_ file: LockDocument.File, _ size: Int, _ digest: SHA256Digest) -> String {
    "expected \(file.byteCount.grouped) bytes with SHA-256 \(file.sha256.short) as in \(path), "
      + "found \(size.grouped) with \(digest.short)"
  }

  /// What changed in the files and the tensors of a file or set; nothing about files that the lock does not list.
  func findings(in subject: ProjectSubject) -> [ProjectFinding] {
    var findings: [ProjectFinding] = []
    var changes: [(path: String, words: String)] = []
    for path in subject.files {
      guard let file = locked(path) else { continue }
      do {
        guard let found = try subject.digest(of: path) else { continue }
        if found.sha256 == file.sha256 { continue }
        changes.append((path, changed(file, found.byteCount, found.sha256)))
      } catch {
        findings.append(
          ProjectFinding(
            unexamined: "changed", of: .lock, file: path,
            "expected a file to read, found: \(error) (\(self.path))"))
      }
    }
    guard !changes.isEmpty else { return findings }
    let tensors = tensorFindings(in: subject)
    // A file can change without its tensors: another header, another compression.
    let rest = tensors?.isEmpty == true ? "; every tensor is the same" : ""
    return findings + changes.map { ProjectFinding("changed", of: .lock, file: $0.path, $0.words + rest) }
      + (tensors ?? [])
  }

  /// The tensors that changed, appeared or disappeared in a changed file or set; nil if they are not known.
  private func tensorFindings(in subject: ProjectSubject) -> [ProjectFinding]? {
    let old = subject.files.compactMap(locked).flatMap(\.tensors)
    let found: [LockDocument.Tensor]
    do {
      // The digests that a checkpoint states are not evidence, because its pages may have changed without them.
      switch subject.contents {
      case .flat(let source): found = try LockDocument.tensors(of: source)
      case .checkpoint(let file):
        guard let checkpoint = try OpenedFile(file, usesHeaders: false).checkpoint else { return nil }
        found = try LockDocument.tensors(of: checkpoint)
      case .none, .left: return nil
      }
    } catch {
      return [
        ProjectFinding(
          unexamined: "tensors", of: .lock, "expected tensors to compare with \(path), found: \(error)")
      ]
    }
    let before = Dictionary(old.map { ($0.name, $0.sha256) }, uniquingKeysWith: { first, _ in first })
    let now = Dictionary(found.map { ($0.name, $0.sha256) }, uniquingKeysWith: { first, _ in first })
    let changed = found.compactMap { tensor -> (TensorName, String, String)? in
      guard let digest = before[tensor.name] else {
        return (
          tensor.name, "tensor-new", "expected a tensor that \(path) lists, found one that it lacks"
        )
      }
      if digest == tensor.sha256 { return nil }
      return (
        tensor.name, "tensor-changed",
        "expected SHA-256 \(digest.short) as in \(path), found \(tensor.sha256.short)"
      )
    }
    let gone = old.filter { now[$0.name] == nil }.map {
      ($0.name, "tensor-missing", "expected the tensor of \(path), found none")
    }
    let all = changed + gone
    let shown = all.prefix(Self.findingLimit).map {
      ProjectFinding($0.1, of: .lock, at: "tensor \($0.0.quoted)", $0.2)
    }
    if all.count == shown.count { return shown }
    return shown + [
      ProjectFinding(
        "tensors", of: .lock, "found \((all.count - shown.count).grouped) more tensors that differ")
    ]
  }

  /// The most findings about the tensors of a file.
  private static let findingLimit = 100
}
