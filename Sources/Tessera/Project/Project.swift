internal import ByteFiles
internal import StrictJSON
internal import Tensors
internal import Validation

/// A folder with a `tessera.toml`, whose rules apply to the files in the folder.
struct Project: Sendable {
  /// The name that is searched for.
  static let fileName = "tessera.toml"

  /// The path of the document: as the user gave it; of a document that was found, relative to the current folder if it
  /// lies there, else absolute.
  let path: String
  let document: ProjectDocument
  /// The folder of the document, absolute and without links.
  let folder: String
  private let identity: FileIdentity?
  /// Whether the user named the document. One that was found may have come with the files that it is about, so it must
  /// not make the check of pickles less strict.
  let isNamed: Bool

  /// Reads the document at `path`.
  init(naming path: String) throws(TesseraError) { try self.init(path, isNamed: true) }

  /// Reads a document that `places` found.
  init(finding path: String) throws(TesseraError) { try self.init(path, isNamed: false) }

  /// The paths of the files with this name in the folder at `path` or that of the file, and in the folders above; the
  /// nearest first. The search ends at a folder with `.git`.
  static func places(of name: String, for path: String) -> [String] {
    guard var folder = SystemPath.resolved(SystemPath.isFolder(path) ? path : SystemPath.folder(of: path))
    else {
      return []
    }
    var found: [String] = []
    while true {
      let candidate = SystemPath.joined(folder, name)
      if SystemPath.linkStatus(candidate) != nil { found.append(shown(candidate)) }
      if folder == "/" || SystemPath.linkStatus("\(folder)/.git") != nil { return found }
      folder = SystemPath.folder(of: folder)
    }
  }

  private init(_ path: String, isNamed: Bool) throws(TesseraError) {
    document = try DocumentFile.read(path, limit: ProjectDocument.sizeLimit, as: "a project's rules") {
      bytes in
      try ProjectDocument(parsing: bytes) { name in
        // A document that was found must not read files elsewhere.
        guard isNamed || !SystemPath.isAbsolute(name) && !SystemPath.components(name).contains("..") else {
          throw TesseraError(
            sentence:
              "\(path): policy: expected a file in the folder of the document, found \(TensorName(name).quoted)"
          )
        }
        return try PolicyFile.read(name, beside: path)
      }
    }
    self.path = path
    self.isNamed = isNamed
    folder = SystemPath.resolved(SystemPath.folder(of: path)) ?? "/"
    identity = FileIdentity(path: path)
  }

  /// The entries that apply to a file or set with these paths, with their numbers.
  func entries(for paths: [String]) -> [(number: Int, entry: ProjectDocument.Entry)] {
    let relative = paths.compactMap(relative)
    return document.files.enumerated().filter { _, entry in relative.contains(where: entry.match.matches) }
      .map { ($0.offset, $0.element) }
  }

  /// The verdict on this document if it is in the folder that was checked, and one of its entries is about no file there,
  /// most likely because its pattern is wrong.
  func idle(below path: String, _ verdicts: [FileVerdict]) -> FileVerdict? {
    guard FolderValidation.isFolder(path), let root = SystemPath.resolved(path),
      SystemPath.same(root, folder) || SystemPath.rest(of: folder, after: SystemPath.root(of: root)) != nil
    else { return nil }
    let paths = verdicts.compactMap { relative($0.path) }
    let idle = document.files.enumerated().filter { _, entry in !paths.contains(where: entry.match.matches)
    }
    guard let first = idle.first else { return nil }
    let more = idle.count == 1 ? "" : ", and \(idle.count - 1) more such entries"
    return FileVerdict(
      path: self.path, kind: "project",
      ProjectFinding(
        "match", severity: .warning, at: "files[\(first.offset)].match",
        "expected a pattern that a file matches, found \(TensorName(first.element.match.text).quoted)\(more)")
    )
  }

  /// Whether a rule applies to a file.
  func applies(to path: String) -> Bool { !entries(for: [path]).isEmpty }

  /// A path relative to the document's folder, which is "." itself; nil for a path outside.
  func relative(_ path: String) -> String? { Self.relative(path, to: folder) }

  /// The same for any folder, which is absolute and without links.
  static func relative(_ path: String, to root: String) -> String? {
    let whole: String
    if SystemPath.isFolder(path) {
      guard let resolved = SystemPath.resolved(path) else { return nil }
      whole = resolved
    } else {
      // Only the folder: a file that is a link, as in Hugging Face's cache, has the name of the link.
      guard let folder = SystemPath.resolved(SystemPath.folder(of: path)) else { return nil }
      whole = SystemPath.joined(folder, SystemPath.bareName(of: path))
    }
    if SystemPath.same(whole, root) { return "." }
    return SystemPath.rest(of: whole, after: SystemPath.root(of: root))
  }

  private static func shown(_ path: String) -> String {
    SystemPath.resolved(".").flatMap { SystemPath.rest(of: path, after: SystemPath.root(of: $0)) } ?? path
  }
}

// The rules of this document, as `ProjectDocuments` needs them.
extension Project {
  func isDocument(_ path: String) -> Bool {
    identity.map { $0 == FileIdentity(path: path) } ?? false
  }

  /// The strictest gate of the entries that apply, and the number of its entry.
  func strictest(_ paths: [String]) -> (number: Int, gate: NonFiniteGate)? {
    var found: (number: Int, gate: NonFiniteGate)?
    for (number, entry) in entries(for: paths) {
      guard let gate = entry.nonFinite else { continue }
      if found.map({ $0.gate < gate }) ?? true { found = (number, gate) }
    }
    return found
  }

  func allows(_ global: String, canRunCode: Bool, in paths: [String]) -> Bool {
    isNamed && lists(global, canRunCode: canRunCode, in: paths) != nil
  }

  /// The number of the first entry that lists a global.
  func lists(_ global: String, canRunCode: Bool, in paths: [String]) -> Int? {
    entries(for: paths).first { _, entry in
      entry.allowGlobals?.allows(global, canRunCode: canRunCode) == true
    }?.number
  }

  func findings(in subject: ProjectSubject) -> [ProjectFinding] {
    if case .left = subject.contents, relative(subject.path) == nil { return [] }
    guard subject.files.contains(where: { relative($0) != nil }) || relative(subject.path) != nil else {
      let finding = ProjectFinding(
        "folder", severity: .warning,
        "expected a file in the folder of \(TensorName(path).quoted), found one outside, which no rule is about"
      )
      return isNamed ? [finding] : []
    }
    let checks = ProjectChecks(self, subject)
    return entries(for: subject.paths).flatMap { checks.findings($0.entry, number: $0.number) }
  }
}
