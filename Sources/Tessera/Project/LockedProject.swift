internal import ByteFiles
internal import FlatFormats
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
package import Validation

/// A `tessera.lock` with the rules of the project beside it, if there are any.
package struct LockedProject: Sendable {
  /// The path of the document.
  package let path: String
  package let document: LockDocument
  private let project: Project?
  /// The folder of the document, absolute and without links.
  private let folder: String
  private let identity: FileIdentity?
  private let files: [TensorName: LockDocument.File]

  /// Reads the document at `path`.
  package init(_ path: String, with project: Project?) throws(TesseraError) {
    self.path = path
    self.project = project
    document = try DocumentFile.read(path, limit: LockDocument.sizeLimit, as: "a lock") {
      try LockDocument(parsing: $0)
    }
    folder = SystemPath.resolved(Project.folderName(of: path)) ?? "/"
    identity = FileIdentity(path: path)
    files = Dictionary(
      document.files.map { (TensorName($0.path), $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The path of the nearest `tessera.lock`, searched for like `tessera.toml`; nil if there is none.
  package static func place(for path: String) -> String? {
    Project.place(of: LockDocument.fileName, for: path)
  }

  /// The verdicts on locked files that should be in a folder that was checked, and are not there.
  package func missing(below path: String) -> [FileVerdict] {
    guard FolderValidation.isFolder(path), let below = Project.relative(path, to: folder) else { return [] }
    return document.files.compactMap { file in
      guard below == "." || file.path.hasPrefix(below + "/"),
        SystemPath.linkStatus(folder == "/" ? "/" + file.path : "\(folder)/\(file.path)") == nil
      else { return nil }
      let rest = below == "." ? file.path : String(file.path.dropFirst(below.utf8.count + 1))
      let shown = path == "." ? rest : path.hasSuffix("/") ? path + rest : "\(path)/\(rest)"
      return FileVerdict(
        path: shown, kind: file.kind,
        ProjectFinding("lock-missing", "expected the file of \(name), found none"))
    }
  }

  private var name: String { DocumentFile.bareName(of: path) }

  private func locked(_ path: String) -> LockDocument.File? {
    Project.relative(path, to: folder).flatMap { files[TensorName($0)] }
  }
}

extension LockedProject: ProjectRules {
  package func isDocument(_ path: String) -> Bool {
    project?.isDocument(path) == true || identity.map { $0 == FileIdentity(path: path) } ?? false
  }
  package func nonFinite(in paths: [String]) -> NonFiniteGate? { project?.nonFinite(in: paths) }
  package func allows(_ global: String, canRunCode: Bool, in paths: [String]) -> Bool {
    project?.allows(global, canRunCode: canRunCode, in: paths) ?? false
  }

  package func findings(in subject: ProjectSubject) -> [ProjectFinding] {
    (project?.findings(in: subject) ?? []) + lockFindings(in: subject)
  }

  private func lockFindings(in subject: ProjectSubject) -> [ProjectFinding] {
    var findings: [ProjectFinding] = []
    var isChanged = false
    for path in subject.files {
      guard let file = locked(path) else {
        if case .left = subject.contents { continue }
        findings.append(
          ProjectFinding(
            "lock-new", file: path, "expected a file that \(name) lists, found one that it lacks"))
        continue
      }
      do {
        guard let open = try ProjectChecks.open(path, of: subject) else { continue }
        let digest = try ProjectChecks.digest(of: open)
        if digest == file.sha256 { continue }
        isChanged = true
        findings.append(
          ProjectFinding(
            "lock-changed", file: path,
            "expected \(file.byteCount.grouped) bytes with SHA-256 \(file.sha256.short) as in \(name), "
              + "found \(open.size.grouped) with \(digest.short)"))
      } catch {
        findings.append(
          ProjectFinding(
            unexamined: "lock-changed", file: path, "expected a file to read, found: \(error) (\(name))"))
      }
    }
    return isChanged ? findings + tensorFindings(in: subject) : findings
  }

  /// The tensors that changed, appeared or disappeared in a changed file or set.
  private func tensorFindings(in subject: ProjectSubject) -> [ProjectFinding] {
    let old = subject.files.compactMap(locked).flatMap(\.tensors)
    let found: [LockDocument.Tensor]
    do {
      switch subject.contents {
      case .flat(let source): found = try LockDocument.tensors(of: source)
      case .checkpoint(let file):
        guard let checkpoint = try OpenedFile(file, usesHeaders: false).checkpoint else { return [] }
        found = checkpoint.index.tensors.map { .init(name: $0.spec.name, sha256: $0.digest) }
      case .none, .left: return []
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
