/// Finds the documents for files, and reads each document once.
package struct ProjectSearch {
  private let named: Project?
  private let isOff: Bool
  private let lock: Lock?
  private let isLocked: Bool
  private var projects: [String: Project] = [:]
  private var locks: [String: Lock] = [:]

  /// - Parameters:
  ///   - project: the path of the only `tessera.toml` to apply; nil to search.
  ///   - isOff: whether no `tessera.toml` is applied.
  ///   - lock: the path of the only `tessera.lock` to apply; nil to search if `isLocked`.
  package init(project: String?, isOff: Bool, lock: String?, isLocked: Bool) throws(TesseraError) {
    named = if let project { try Project(naming: project) } else { nil }
    self.isOff = isOff
    self.lock = if let lock { try Lock(lock) } else { nil }
    self.isLocked = isLocked || lock != nil
  }

  /// The documents for the file or folder at `path`; nil if there are none.
  package mutating func documents(for path: String) throws(TesseraError) -> ProjectDocuments? {
    var found: (projects: [Project], locks: [Lock]) = ([], [])
    if let named {
      found.projects = [named]
    } else if !isOff {
      for place in DocumentPlace.paths(of: Project.fileName, for: path) {
        let project = if let known = projects[place] { known } else { try Project(finding: place) }
        projects[place] = project
        found.projects.append(project)
      }
    }
    if let lock {
      found.locks = [lock]
    } else if isLocked {
      for place in DocumentPlace.paths(of: LockDocument.fileName, for: path) {
        let lock = if let known = locks[place] { known } else { try Lock(place) }
        locks[place] = lock
        found.locks.append(lock)
      }
      if found.locks.isEmpty {
        throw TesseraError(
          sentence:
            "\(path): --locked: expected a \(LockDocument.fileName) in its folder or above it, found none")
      }
    }
    let documents = ProjectDocuments(found.projects, found.locks)
    return documents.used.isEmpty ? nil : documents
  }
}
