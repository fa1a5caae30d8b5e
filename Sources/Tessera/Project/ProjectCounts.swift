internal import Accounting
internal import FlatFormats
internal import TensorStreams
internal import Tensors
internal import UnitModel
internal import Validation

/// Applies the limits of counts to one file, or to one set of shards. The file is open, and is not opened again.
struct ProjectCounts {
  private let subject: ProjectSubject
  private let place: String

  /// - Parameter place: the place of the entry in the document.
  init(_ subject: ProjectSubject, _ place: String) {
    self.subject = subject
    self.place = place
  }

  func findings(_ counts: [ProjectDocument.Count]) -> [ProjectFinding] {
    if counts.isEmpty { return [] }
    do {
      guard var source = try source() else { return [] }
      let policies = try counts.map { try $0.policy ?? source.plannedPolicy() }
      try source.readValues(for: policies)
      var findings: [ProjectFinding] = []
      if let part = source.uncounted(but: { _ in false }) {
        findings.append(unexamined("expected every part of the model to be counted, found \(part.sentence)"))
      }
      for (number, count) in counts.enumerated() {
        findings += try self.findings(count, policies[number], source, "\(place).counts[\(number)]")
      }
      return findings
    } catch { return [unexamined("expected a file that can be counted, found: \(sentence(error))")] }
  }

  private func unexamined(_ message: String) -> ProjectFinding {
    ProjectFinding(unexamined: "counts", "\(message) (\(place).counts)")
  }

  /// An error's sentence without the file's path, which the finding has separately.
  private func sentence(_ error: any Error) -> String {
    let text = "\(error)"
    let prefix = "\(subject.path): "
    return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
  }

  private func source() throws -> CountSource? {
    switch subject.contents {
    case .flat(let flat): try CountSource(OpenedFile(flat))
    case .checkpoint(let file): try CountSource(OpenedFile(file))
    case .none, .left: nil
    }
  }

  private func findings(
    _ count: ProjectDocument.Count, _ policy: CountingPolicy, _ source: CountSource, _ place: String
  ) throws -> [ProjectFinding] {
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
      switch limit {
      case .parameters: "\(row.parameters) parameters"
      case .bytes: "\(row.bytes.value.grouped) bytes"
      }
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
    switch self {
    case .parameters(let least): row.parameters < least
    case .bytes(let least): row.bytes < least
    }
  }
}
