internal import ByteFiles
internal import StrictJSON
internal import Tensors
internal import Validation

/// A folder with a `tessera.toml`, whose rules apply to the files in the folder.
struct Project: Sendable {
  /// The name that is searched for.
  static let fileName = "tessera.toml"

  let place: DocumentPlace
  let document: ProjectDocument
  /// Whether the user named the document. One that was found may have come with the files that it is about, so it must
  /// not make the check of pickles less strict.
  let isNamed: Bool

  /// Reads the document at `path`.
  init(naming path: String) throws(TesseraError) { try self.init(path, isNamed: true) }

  /// Reads a document that `places` found.
  init(finding path: String) throws(TesseraError) { try self.init(path, isNamed: false) }

  private init(_ path: String, isNamed: Bool) throws(TesseraError) {
    document = try DocumentFile.read(path, limit: ProjectDocument.sizeLimit, as: "a project's rules") {
      bytes in
      try ProjectDocument(parsing: bytes) { name in
        // A document that was found must not read files elsewhere.
        guard isNamed || SystemPath.isInside(name) else {
          throw TesseraError(
            sentence:
              "\(path): policy: expected a file in the folder of the document, found \(TensorName(name).quoted)"
          )
        }
        return try PolicyFile.read(name, beside: path)
      }
    }
    place = try DocumentPlace(path)
    self.isNamed = isNamed
  }

  /// The path of the document in messages.
  var path: String { place.path }

  typealias NumberedEntry = (number: Int, entry: ProjectDocument.Entry)

  /// The entries that apply to a file or set with these paths, with their numbers.
  func entries(for paths: [String]) -> [NumberedEntry] {
    let relative = paths.compactMap(place.relative)
    return document.files.enumerated().filter { _, entry in relative.contains(where: entry.match.matches) }
      .map { ($0.offset, $0.element) }
  }

  /// The verdict on this document if it is in the folder that was checked, and one of its entries is about no file there,
  /// most likely because its pattern is wrong.
  func idle(below path: String, _ verdicts: [FileVerdict]) -> FileVerdict? {
    guard FolderValidation.isFolder(path), place.isIn(path) else { return nil }
    let paths = verdicts.flatMap(\.paths).compactMap(place.relative)
    let idle = document.files.enumerated().filter { _, entry in !paths.contains(where: entry.match.matches) }
    guard let first = idle.first else { return nil }
    let more = idle.count == 1 ? "" : ", and \(idle.count - 1) more such entries"
    return FileVerdict(
      path: self.path, kind: "project",
      ProjectFinding(
        "match", severity: .warning, at: "files[\(first.offset)].match",
        "expected a pattern that a file matches, found \(TensorName(first.element.match.text).quoted)\(more)")
    )
  }

  /// Whether a rule applies to a file or set with these paths.
  func applies(to paths: [String]) -> Bool { !entries(for: paths).isEmpty }
}

// The rules of this document, as `ProjectDocuments` needs them.
extension Project {
  /// The strictest gate of the entries that apply, and the number of its entry.
  static func strictest(_ entries: [NumberedEntry]) -> (number: Int, gate: NonFiniteGate)? {
    var found: (number: Int, gate: NonFiniteGate)?
    for (number, entry) in entries {
      guard let gate = entry.nonFinite else { continue }
      if found.map({ $0.gate < gate }) ?? true { found = (number, gate) }
    }
    return found
  }

  func allows(_ global: String, canRunCode: Bool, in paths: [String]) -> Bool {
    isNamed && Self.lists(global, canRunCode: canRunCode, entries(for: paths)) != nil
  }

  /// The number of the first entry that lists a global.
  static func lists(_ global: String, canRunCode: Bool, _ entries: [NumberedEntry]) -> Int? {
    entries.first { _, entry in
      entry.allowGlobals?.allows(global, canRunCode: canRunCode) == true
    }?.number
  }

  func findings(in subject: ProjectSubject) -> [ProjectFinding] {
    if case .left = subject.contents, place.relative(subject.path) == nil { return [] }
    guard subject.files.contains(where: { place.relative($0) != nil }) || place.relative(subject.path) != nil
    else {
      let finding = ProjectFinding(
        "folder", severity: .warning,
        "expected a file in the folder of \(TensorName(path).quoted), found one outside, which no rule is about"
      )
      return isNamed ? [finding] : []
    }
    var checks = ProjectChecks(self, subject)
    return checks.findings()
  }
}
