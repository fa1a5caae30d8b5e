internal import ByteFiles

/// Where a project's document is. It is about the files in its folder and below.
struct DocumentPlace: Sendable {
  /// The path in messages: as the user gave it; of a document that was found, relative to the current folder if it lies
  /// there, else absolute.
  let path: String
  /// The folder, absolute and without links.
  private let folder: String
  private let identity: FileIdentity?

  /// The place of a document that need not exist. Throws if its folder does not exist.
  init(_ path: String) throws(TesseraError) {
    guard let folder = SystemPath.resolved(SystemPath.folder(of: path)) else {
      throw TesseraError(sentence: "\(path): expected a folder that exists, found none")
    }
    self.path = path
    self.folder = folder
    identity = FileIdentity(path: path)
  }

  /// Whether a path is that of the document, by any name.
  func isDocument(_ path: String) -> Bool { identity.map { $0 == FileIdentity(path: path) } ?? false }

  /// A path relative to the document's folder, which is "." itself; nil for a path outside.
  func relative(_ path: String) -> String? {
    let whole: String
    if SystemPath.isFolder(path) {
      guard let resolved = SystemPath.resolved(path) else { return nil }
      whole = resolved
    } else {
      // Only the folder: a file that is a link, as in Hugging Face's cache, has the name of the link.
      guard let folder = SystemPath.resolved(SystemPath.folder(of: path)) else { return nil }
      whole = SystemPath.joined(folder, SystemPath.bareName(of: path))
    }
    if SystemPath.same(whole, folder) { return "." }
    return SystemPath.rest(of: whole, after: SystemPath.root(of: folder))
  }

  /// Whether the document's folder is the folder at `path`, or in it.
  func isIn(_ path: String) -> Bool {
    guard let root = SystemPath.resolved(path) else { return false }
    return SystemPath.same(root, folder)
      || SystemPath.rest(of: folder, after: SystemPath.root(of: root)) != nil
  }

  /// The paths of the files with this name in the folder at `path` or that of the file, and in the folders above; the
  /// nearest first. The search ends at a folder with `.git`.
  static func paths(of name: String, for path: String) -> [String] {
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

  private static func shown(_ path: String) -> String {
    SystemPath.resolved(".").flatMap { SystemPath.rest(of: path, after: SystemPath.root(of: $0)) } ?? path
  }
}
