internal import ByteFiles
internal import FlatFormats
internal import Reporting
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

extension UnitCheckpoint {
  /// Units, tasks, levels and the bytes of each unit, for `inspect`.
  func summary() throws -> Inspection.Checkpoint {
    let resolved = try resolvedPlan()
    // Sorted by rank, so that units come first.
    var byteCounts: [(rank: Int, words: String, byteCount: Int)] = []
    for section in files.flatMap(\.map.sections) where section.byteCount > 0 {
      let share = share(of: section.key)
      if let place = byteCounts.firstIndex(where: { $0.rank == share.rank }) {
        byteCounts[place].byteCount += section.byteCount
      } else {
        byteCounts.append((share.rank, share.words, section.byteCount))
      }
    }
    let shares = byteCounts.sorted { $0.rank < $1.rank }
    return Inspection.Checkpoint(
      units: resolved.partition.unitCount,
      tasks: resolved.assignment.tasks.map(Inspection.Task.init),
      axes: resolved.partition.axes.map { axis in
        Inspection.Axis(
          name: axis.name.text, size: axis.size, units: axis.units.map(\.count), common: axis.common.count)
      },
      shares: shares.map { (owner: $0.words, byteCount: ByteCount($0.byteCount)) },
      parts: parts.map { SystemPath.bareName(of: $0.path) })
  }

  /// The owner of a section's bytes, and its rank in the list.
  private func share(of key: SectionKey) -> (rank: Int, words: String) {
    if key.scope != nil { return (1 << 23, "private") }
    switch key.kind {
    case .units where key.units.count == 1: return (key.units[0], "unit \(key.units[0])")
    case .units: return (1 << 20, "between units")
    case .common: return (1 << 21, "common")
    case .whole: return (1 << 22, "whole")
    case .free: return (1 << 24, "free")
    }
  }

  /// The users of a scope's tensors: a task, a task and a level, or the number of sub-networks.
  private func users(ofScope scope: Int) -> String {
    let rows = index.scopes[scope]
    guard let task = index.tasks.first(where: { rows.first.map($0.networks.contains) ?? false }) else {
      return "no task"
    }
    let name = PrintableText.line(task.task.text)
    if rows == Array(task.networks) { return name }
    return rows.count == 1 ? "\(name) \(rows[0] - task.networks.lowerBound + 1)" : "\(rows.count) networks"
  }

  /// Where a tensor's bytes are, in a few words.
  func placementWords(of number: Int) throws -> String {
    let keys = try sections(ofTensor: index.stored(number))
    if keys.contains(where: { $0.kind == .whole }) { return "whole" }
    let units = Set(keys.flatMap(\.units)).sorted()
    var words: [String] = []
    if let scope = keys.compactMap(\.scope).first { words.append("private to \(users(ofScope: scope))") }
    if keys.contains(where: { $0.kind == .common }), !units.isEmpty || words.isEmpty {
      words.append("common")
    }
    if keys.contains(where: { $0.kind == .free }) { words.append("free") }
    if !units.isEmpty { words.append("units " + NumberList.text(units)) }
    let owners = index.tensors[index.stored(number)].owners
    return words.joined(separator: " + ")
      + (owners.map { " by \(index.tensors[$0.map].spec.name.quoted)" } ?? "")
  }
}

extension Inspection.Task {
  init(_ task: TaskAssignment) {
    func numbers(_ set: UnitSet, in order: [UnitID]) -> [Int] {
      // In the task's order, as in the paper, if the order contains all units of the level.
      let ordered = order.filter { set.contains($0) }
      return (ordered.count == set.count ? ordered : set.ascending).map(\.index)
    }
    self.init(
      name: task.task.text, order: task.order.map(\.index),
      levels: task.levels.map { numbers($0, in: task.order) }, levelNames: task.levelNames,
      axes: task.axes.map { axis in
        (
          name: axis.axis.text, order: axis.order.map(\.index),
          levels: axis.levels.map { numbers($0, in: axis.order) }
        )
      })
  }
}
