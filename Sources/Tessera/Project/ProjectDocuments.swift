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

  /// The names of the documents, which are not files of a model.
  static let names: Set<String> = [Project.fileName, LockDocument.fileName]

  /// The documents, for the report.
  package var used: [UsedDocument] {
    projects.map { UsedDocument(path: $0.path, rule: .project) }
      + locks.map { UsedDocument(path: $0.path, rule: .lock) }
  }

  /// Verdicts with the paths of the documents that have a rule for the file.
  package func marked(_ verdicts: [FileVerdict]) -> [FileVerdict] {
    verdicts.map { verdict in
      var verdict = verdict
      switch verdict.state {
      case .failed: return verdict
      // A listing also has folders that are not entered, and the documents themselves.
      case .left where isDocument(verdict.path) || SystemPath.isFolder(verdict.path): return verdict
      case .left, .checked: break
      }
      verdict.documents =
        projects.filter { $0.applies(to: verdict.paths) }.map(\.path)
        + locks.filter { $0.lists(verdict.paths) }.map(\.path)
      return verdict
    }
  }

  /// The verdicts on what was not checked with the files of a folder: other locked files, and entries of documents in the
  /// folder that are about none of its files.
  ///
  /// - Parameter progress: called with the bytes that were read since the last call.
  package func others(
    below path: String, _ verdicts: [FileVerdict], progress: (Int) -> Void
  ) throws -> [FileVerdict] {
    var seen: Set<TensorName> = []
    var others: [FileVerdict] = []
    for lock in locks {
      others += try lock.others(below: path, progress: progress).filter {
        seen.insert(TensorName($0.path)).inserted
      }
    }
    return others + projects.compactMap { $0.idle(below: path, verdicts) }
  }
}

extension ProjectDocuments: ProjectRules {
  package var rules: Set<RuleID> { Set(used.map(\.rule)) }

  package func isDocument(_ path: String) -> Bool {
    projects.contains { $0.place.isDocument(path) } || locks.contains { $0.place.isDocument(path) }
  }

  /// The strictest of all documents.
  package func nonFinite(in paths: [String]) -> NonFiniteGate? {
    projects.compactMap { Project.strictest($0.entries(for: paths))?.gate }.max()
  }

  package func allows(_ global: String, canRunCode: Bool, in paths: [String]) -> Bool {
    projects.contains { $0.allows(global, canRunCode: canRunCode, in: paths) }
  }

  package func findings(in subject: ProjectSubject) -> [ProjectFinding] {
    projects.flatMap { $0.findings(in: subject) } + locks.flatMap { $0.findings(in: subject) }
      + unlisted(in: subject)
  }

  /// The files that no lock lists. Files that are not weights count only if their folder was locked as a whole.
  private func unlisted(in subject: ProjectSubject) -> [ProjectFinding] {
    subject.files.compactMap { path in
      let isDocument = Self.names.contains(SystemPath.bareName(of: path))
      guard !isDocument, !locks.contains(where: { $0.lists([path]) }) else { return nil }
      let isLeft = if case .left = subject.contents { true } else { false }
      guard let lock = locks.first(where: { !isLeft || $0.covers(path) }) else { return nil }
      return ProjectFinding(
        "new", of: .lock, file: path, "expected a file that \(lock.path) lists, found one that it lacks")
    }
  }
}
