internal import ByteFiles
internal import Tensors
package import Validation

/// The documents with a project's rules for files: each `tessera.toml` and, if it was asked for, each `tessera.lock`.
///
/// All documents count that are in the folder of a file or above it. If only the nearest one did, a change that adds a
/// document could take away the rules of the others.
package struct ProjectDocuments: Sendable {
  /// The nearest first.
  let projects: [Project]
  let locks: [Lock]

  /// Reads the document at `path`, and no other.
  package init(naming path: String) throws(TesseraError) {
    projects = [try Project(naming: path)]
    locks = []
  }

  init(_ projects: [Project], _ locks: [Lock]) {
    self.projects = projects
    self.locks = locks
  }

  /// The paths of the documents.
  package var paths: [String] { projects.map(\.path) + locks.map(\.path) }

  /// Verdicts with the paths of the documents that have a rule for the file.
  package func marked(_ verdicts: [FileVerdict]) -> [FileVerdict] {
    verdicts.map { verdict in
      var verdict = verdict
      if case .failed = verdict.state { return verdict }
      verdict.projects =
        projects.filter { $0.applies(to: verdict.path) }.map(\.path)
        + locks.filter { $0.lists(verdict.path) }.map(\.path)
      return verdict
    }
  }

  /// The verdicts on what was not checked with the files of a folder: other locked files, and entries of documents in the
  /// folder that are about none of its files.
  package func others(below path: String, _ verdicts: [FileVerdict]) throws -> [FileVerdict] {
    var seen: Set<TensorName> = []
    var others: [FileVerdict] = []
    for lock in locks {
      others += try lock.others(below: path).filter { seen.insert(TensorName($0.path)).inserted }
    }
    return others + projects.compactMap { $0.idle(below: path, verdicts) }
  }
}

extension ProjectDocuments: ProjectRules {
  package func isDocument(_ path: String) -> Bool {
    projects.contains { $0.isDocument(path) } || locks.contains { $0.isDocument(path) }
  }

  /// The strictest of all documents.
  package func nonFinite(in paths: [String]) -> NonFiniteGate? {
    projects.compactMap { $0.strictest(paths)?.gate }.max()
  }

  package func allows(_ global: String, canRunCode: Bool, in paths: [String]) -> Bool {
    projects.contains { $0.allows(global, canRunCode: canRunCode, in: paths) }
  }

  package func findings(in subject: ProjectSubject) -> [ProjectFinding] {
    projects.flatMap { $0.findings(in: subject) } + locks.flatMap { $0.findings(in: subject) }
      + unlisted(in: subject)
  }

  /// The files that no lock lists. Files that are no weights count only if their folder was locked as a whole.
  private func unlisted(in subject: ProjectSubject) -> [ProjectFinding] {
    subject.files.compactMap { path in
      let isDocument = [Project.fileName, LockDocument.fileName].contains(SystemPath.bareName(of: path))
      guard !isDocument, !locks.contains(where: { $0.lists(path) }) else { return nil }
      let isLeft = if case .left = subject.contents { true } else { false }
      guard let lock = locks.first(where: { !isLeft || $0.covers(path) }) else { return nil }
      return ProjectFinding(
        "lock-new", file: path, "expected a file that \(lock.name) lists, found one that it lacks")
    }
  }
}

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
      for place in Project.places(of: Project.fileName, for: path) {
        let project = if let known = projects[place] { known } else { try Project(finding: place) }
        projects[place] = project
        found.projects.append(project)
      }
    }
    if let lock {
      found.locks = [lock]
    } else if isLocked {
      for place in Project.places(of: LockDocument.fileName, for: path) {
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
    return documents.paths.isEmpty ? nil : documents
  }
}
