internal import Tensors
package import UnitModel

/// Holds the plan of a checkpoint against the tables, which say the same without patterns and rules.
package enum PlanAgreement {
  /// The first difference; nil where there is none.
  ///
  /// The plan's tables are made as a writer makes them and read as a reader reads them, so that nothing else has to know
  /// what a plan means for a file.
  package static func difference(
    between plan: ResolvedPlan, and index: CheckpointIndex, path: String
  ) throws(CheckpointError) -> CheckpointError? {
    var log = DefectLog(goesOn: false)
    let planned = try IndexDecoder.decode(
      TableBuilder(plan.partition, plan.assignment, ties: index.tensors.map(\.tiedTo)).tables, path: path,
      log: &log)
    func differs(_ place: String, _ what: String) -> CheckpointError {
      .broken(
        .planDisagrees, path: path, place: place, expected: "the \(what) of /\(Layout.Table.plan.path)",
        found: "others in the tables")
    }
    guard index.tasks.map({ "\($0.task.text) \($0.networks)" }) == planned.tasks.map({ "\($0.task.text) \($0.networks)" })
    else { return differs("/\(Layout.Table.tasks.path)", "tasks and levels") }
    for (number, (network, other)) in zip(index.networks, planned.networks).enumerated()
    where Meaning(network, index) != Meaning(other, planned) {
      return differs("/\(Layout.Table.networks.path) row \(number)", "units")
    }
    for number in index.tensors.indices {
      let (stored, other) = (TensorMeaning(number, index), TensorMeaning(number, planned))
      if let what = stored.difference(from: other) {
        return differs("tensor \(index.tensors[number].spec.name.quoted)", what)
      }
    }
    return nil
  }

  /// A network without numbers of rows.
  private struct Meaning: Equatable {
    let levelName: TensorName?
    let units: [Int]
    let axes: [AxisName: [Int]]

    init(_ network: IndexedNetwork, _ index: CheckpointIndex) {
      levelName = network.levelName.map { TensorName($0) }
      units = network.units
      axes = Dictionary(
        network.axisUnits.map { (index.axes[$0.key].name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
  }
}

/// What the tables say of a tensor, without numbers of rows of other tables than `tensors` and `networks`.
private struct TensorMeaning {
  let cuts: [[Run]?]
  let units: [Int]
  let scope: [Int]?
  let owners: IndexedOwners?
  let reordered: [Reordering]
  let views: [Int: [IndexedView]]

  struct Run: Equatable {
    let unit: Int
    let axis: AxisName?
    let length: Int
  }

  struct Reordering: Equatable {
    let use: IndexedReordering
    let axis: AxisName
    let runs: [Run]
  }

  init(_ number: Int, _ index: CheckpointIndex) {
    let tensor = index.tensors[number]
    func runs(_ cut: Int, _ axes: [Int]) -> [Run] {
      index.cuts[cut].segments.map { segment in
        let part = index.cuts[cut].parts[segment.part]
        return Run(
          unit: part.unit, axis: part.unit < 0 ? nil : index.axes[axes[part.slot]].name, length: segment.length)
      }
    }
    cuts = tensor.cuts.map { $0.map { runs($0.cut, $0.axes) } }
    units = tensor.units
    scope = tensor.scope.map { index.scopes[$0] }
    owners = tensor.owners
    reordered = tensor.reordered.map { use in
      let axis = index.axes[use.axis]
      return Reordering(
        use: IndexedReordering(dimension: use.dimension, axis: 0, inner: use.inner, outer: use.outer),
        axis: axis.name, runs: runs(axis.cut, [use.axis]))
    }
    views = [0: index.views[number] ?? []]
  }

  /// What differs, in a word; nil for nothing.
  func difference(from other: TensorMeaning) -> String? {
    if cuts != other.cuts { return "cuts" }
    if units != other.units { return "units" }
    if scope != other.scope { return "users" }
    if owners != other.owners { return "owners" }
    if reordered != other.reordered { return "orders of channels" }
    return views == other.views ? nil : "names and masks"
  }
}
