internal import Conversion
internal import FlatFormats
internal import Reporting
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

extension UnitCheckpoint {
  /// Units, tasks, levels and where the bytes lie, for `inspect`.
  func summary() throws -> Inspection.Checkpoint {
    let resolved: ResolvedPlan
    do { resolved = try resolvedPlan() } catch { throw Failure(sentence: "\(error)") }
    var byteCounts: [DatasetOwner: Int] = [:]
    for dataset in index.datasets {
      byteCounts[dataset.owner, default: 0] += dataset.blocks.reduce(0) { $0 + index.blocks[$1].byteCount }
    }
    let shares = byteCounts.sorted { $0.key.rank < $1.key.rank }.map {
      (owner: $0.key.words, ByteCount($0.value))
    }
    return Inspection.Checkpoint(
      units: resolved.partition.unitCount,
      tasks: resolved.assignment.tasks.map(Inspection.Task.init),
      axes: resolved.partition.axes.map { axis in
        Inspection.Axis(
          name: axis.name.text, size: axis.size, units: axis.units.map(\.count), common: axis.common.count)
      },
      shares: shares.map { (owner: $0.owner, byteCount: $0.1) })
  }

  /// Where a tensor's bytes are, in a word or two.
  func placementWords(of tensor: IndexedTensor) -> String {
    let owners = tensor.datasets.map { index.datasets[$0].owner }
    if owners == [.whole] { return "whole" }
    if owners == [.wholePrivate] { return "private" }
    let isFree = owners.contains(.free)
    let units = owners.compactMap { owner in if case .unit(let unit) = owner { unit } else { nil } }
    return (owners.contains(.common) ? ["common"] : []).joined()
      + (owners.contains(.common) && !units.isEmpty ? " + " : "")
      + (isFree ? "free" + (units.isEmpty ? "" : " + ") : "")
      + (units.isEmpty ? "" : "units " + NumberList.text(units))
      + (tensor.ownerMap.map { " by \(index.tensors[$0].spec.name.quoted)" } ?? "")
  }
}

extension DatasetOwner {
  fileprivate var rank: Int {
    switch self {
    case .unit(let unit): unit
    case .common: 1 << 20
    case .whole: 1 << 21
    case .wholePrivate: 1 << 22
    case .free: 1 << 23
    }
  }

  fileprivate var words: String {
    switch self {
    case .unit(let unit): "unit \(unit)"
    case .common: "common"
    case .whole: "whole"
    case .wholePrivate: "private"
    case .free: "free"
    }
  }
}

extension Inspection.Task {
  init(_ task: TaskAssignment) {
    func numbers(_ set: UnitSet, in order: [UnitID]) -> [Int] {
      // In the task's order where the level is a beginning of it, which is how the paper writes levels.
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
