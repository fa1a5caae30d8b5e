internal import ByteFiles
internal import StrictJSON
internal import Tensors
package import Validation

/// A project: a folder with a `tessera.toml`, whose rules apply to the files in the folder.
package struct Project: Sendable {
  /// The name that is searched for.
  package static let fileName = "tessera.toml"

  /// The path of the document: as the user gave it; of a document that was found, relative to the current folder if it
  /// lies there, else absolute.
  package let path: String
  package let document: ProjectDocument
  /// The folder of the document, absolute and without links.
  let folder: String
  private let identity: FileIdentity?
  /// Whether the user named the document. One that was found may have come with the files that it is about, so it must
  /// not make the check of pickles less strict.
  let isNamed: Bool

  /// Reads the document at `path`.
  package init(naming path: String) throws(TesseraError) { try self.init(path, isNamed: true) }

  /// Finds the document of the nearest folder that has one: the folder at `path` or that of the file, or one above. The
  /// search ends at a folder with `.git`.
  ///
  /// - Returns: nil if there is none, or if there is nothing at `path`.
  /// - Throws: for a document that is malformed or cannot be read.
  package static func find(for path: String) throws(TesseraError) -> Project? {
    guard let found = place(for: path) else { return nil }
    return try Project(found, isNamed: false)
  }

  /// The path of the document that `find` reads.
  package static func place(for path: String) -> String? {
    place(of: fileName, for: path)
  }

  /// The path of the file with this name in the folder at `path`, in that of the file, or in the nearest one above.
  static func place(of name: String, for path: String) -> String? {
    guard var folder = SystemPath.resolved(SystemPath.isFolder(path) ? path : folderName(of: path)) else {
      return nil
    }
    while true {
      let candidate = folder == "/" ? "/\(name)" : "\(folder)/\(name)"
      if SystemPath.linkStatus(candidate) != nil { return shown(candidate) }
      if folder == "/" || SystemPath.linkStatus("\(folder)/.git") != nil { return nil }
      folder = folderName(of: folder)
    }
  }

  private init(_ path: String, isNamed: Bool) throws(TesseraError) {
    document = try DocumentFile.read(path, limit: ProjectDocument.sizeLimit, as: "a project's rules") {
      bytes in
      try ProjectDocument(parsing: bytes) { name in try PolicyFile.read(name, beside: path) }
    }
    self.path = path
    self.isNamed = isNamed
    folder = SystemPath.resolved(Self.folderName(of: path)) ?? "/"
    identity = FileIdentity(path: path)
  }

  /// The entries that apply to a file or set with these paths, with their numbers.
  func entries(for paths: [String]) -> [(number: Int, entry: ProjectDocument.Entry)] {
    let relative = paths.compactMap(relative)
    return document.files.enumerated().filter { _, entry in relative.contains(where: entry.match.matches) }
      .map { ($0.offset, $0.element) }
  }

  /// Whether a rule applies to a file.
  package func applies(to path: String) -> Bool { !entries(for: [path]).isEmpty }

  /// Verdicts with the document's path where a rule applies to the file.
  package func marked(_ verdicts: [FileVerdict]) -> [FileVerdict] {
    verdicts.map { verdict in
      var verdict = verdict
      if case .failed = verdict.state { return verdict }
      verdict.project = applies(to: verdict.path) ? path : nil
      return verdict
    }
  }

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
      guard let folder = SystemPath.resolved(folderName(of: path)) else { return nil }
      whole = (folder == "/" ? "" : folder) + "/" + DocumentFile.bareName(of: path)
    }
    if whole == root { return "." }
    let prefix = root == "/" ? "/" : root + "/"
    return whole.hasPrefix(prefix) ? String(whole.dropFirst(prefix.count)) : nil
  }

  static func folderName(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func shown(_ path: String) -> String {
    guard let current = SystemPath.resolved("."), path.hasPrefix(current == "/" ? "/" : current + "/") else {
      return path
    }
    return String(path.dropFirst(current == "/" ? 1 : current.count + 1))
  }
}

extension Project: ProjectRules {
  package func isDocument(_ path: String) -> Bool {
    identity.map { $0 == FileIdentity(path: path) } ?? false
  }

  /// The strictest of the entries that apply.
  package func nonFinite(in paths: [String]) -> NonFiniteGate? { strictest(paths)?.gate }

  /// The strictest gate of the entries that apply, and the number of its entry.
  func strictest(_ paths: [String]) -> (number: Int, gate: NonFiniteGate)? {
    let order = NonFiniteGate.allCases
    func rank(_ gate: NonFiniteGate) -> Int { order.firstIndex(of: gate) ?? 0 }
    var found: (number: Int, gate: NonFiniteGate)?
    for (number, entry) in entries(for: paths) {
      guard let gate = entry.nonFinite else { continue }
      if found.map({ rank($0.gate) < rank(gate) }) ?? true { found = (number, gate) }
    }
    return found
  }

  package func allows(_ global: String, canRunCode: Bool, in paths: [String]) -> Bool {
    isNamed && lists(global, canRunCode: canRunCode, in: paths) != nil
  }

  /// The number of the first entry that lists a global.
  func lists(_ global: String, canRunCode: Bool, in paths: [String]) -> Int? {
    entries(for: paths).first { _, entry in
      entry.allowGlobals?.allows(global, canRunCode: canRunCode) == true
    }?.number
  }

  package func findings(in subject: ProjectSubject) -> [ProjectFinding] {
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
