internal import Accounting
internal import FlatFormats
internal import TensorStreams
internal import Tensors
internal import UnitModel
internal import Validation

/// Applies the limits of counts to one file, or to one set of shards. The file is open, and is not opened again.
struct ProjectCounts {
  private let subject: ProjectSubject
  /// The limits of all entries, for whose policies values are read once.
  private let all: [ProjectDocument.Count]
  private lazy var source = Result { try counted() }

  init(_ subject: ProjectSubject, _ all: [ProjectDocument.Count]) {
    self.subject = subject
    self.all = all
  }

  /// The findings of one entry.
  ///
  /// - Parameter place: the place of the entry in the document.
  mutating func findings(_ counts: [ProjectDocument.Count], _ place: String) -> [ProjectFinding] {
    if counts.isEmpty { return [] }
    func unexamined(_ message: String) -> ProjectFinding {
      ProjectFinding(unexamined: "counts", "\(message) (\(place).counts)")
    }
    do {
      guard let source = try source.get() else { return [] }
      var findings: [ProjectFinding] = []
      if let part = source.uncounted(but: { _ in false }) {
        findings.append(unexamined("expected every part of the model to be counted, found \(part.sentence)"))
      }
      for (number, count) in counts.enumerated() {
        findings += try self.findings(count, source, "\(place).counts[\(number)]")
      }
      return findings
    } catch { return [unexamined("expected a file that can be counted, found: \(sentence(error))")] }
  }

  /// An error's sentence without the file's path, which the finding has separately.
  private func sentence(_ error: any Error) -> String {
    let text = "\(error)"
    let prefix = "\(subject.path): "
    return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
  }

  /// The parameters of the file, with what the policies need to know about values.
  private func counted() throws -> CountSource? {
    var source: CountSource
    switch subject.contents {
    case .flat(let flat): source = try CountSource(OpenedFile(flat))
    case .checkpoint(let file): source = try CountSource(OpenedFile(file))
    case .none, .left: return nil
    }
    try source.readValues(for: all.map { try $0.policy ?? source.plannedPolicy() })
    return source
  }

  private func findings(
    _ count: ProjectDocument.Count, _ source: CountSource, _ place: String
  ) throws -> [ProjectFinding] {
    let policy = try count.policy ?? source.plannedPolicy()
    var selection = RowSelection(tasks: count.task.map { [TaskID($0)] } ?? [])
    if let level = count.level { selection.level = .text(level) }
    let tasks = source.inventory.tasks
    if tasks.isEmpty, selection != RowSelection() {
      return [
        ProjectFinding("counts", "expected tasks to choose from, found a file without (\(place))")
      ]
    }
    let counts = try source.inventory.counts(under: policy, for: selection)
    let rows: [ParameterRow]
    do { rows = try tasks.isEmpty ? [counts.stored] : counts.rows(selection, of: tasks) } catch {
      return [ProjectFinding("counts", "\(error) (\(place))")]
    }
    return rows.flatMap { finding($0, count, policy, place) }
  }

  private func finding(
    _ row: ParameterRow, _ count: ProjectDocument.Count, _ policy: CountingPolicy, _ place: String
  ) -> [ProjectFinding] {
    func found(_ limit: Budget) -> String {
      row.cost(in: limit.quantity).map(limit.quantity.text) ?? "nothing counted"
    }
    var findings: [ProjectFinding] = []
    if let limit = count.largest, limit.isExceeded(by: row) {
      findings.append(
        ProjectFinding(
          "counts", at: row.place,
          "expected at most \(limit), found \(found(limit)) (policy '\(policy.id)'; \(place).largest)"))
    }
    if let limit = count.smallest, limit.isMissed(by: row) {
      findings.append(
        ProjectFinding(
          "counts", at: row.place,
          "expected at least \(limit), found \(found(limit)) (policy '\(policy.id)'; \(place).smallest)"))
    }
    return findings
  }
}

extension Budget {
  /// Whether the row has fewer parameters or bytes than this.
  fileprivate func isMissed(by row: ParameterRow) -> Bool {
    row.cost(in: quantity).map { $0 < limit } ?? false
  }
}
