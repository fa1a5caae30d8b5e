internal import Tensors
internal import UnitModel

/// Compares the plan of a checkpoint with its tables, which have the same content without patterns and rules.
struct PlanAgreement {
  private let stored: CheckpointIndex
  /// The index that a writer would make from the plan.
  private let planned: CheckpointIndex
  private let path: String
  /// For pairs of a stored and a planned cut, whether they are known to be equal or different.
  private var knownCuts: [[Int]: Bool] = [:]

  /// The first difference; nil if there is none.
  ///
  /// The plan's tables are made as a writer makes them and read as a reader reads them. So no other code needs to know
  /// what a plan means for a file.
  static func difference(
    between plan: ResolvedPlan, and index: CheckpointIndex, path: String
  ) throws(CheckpointError) -> CheckpointError? {
    var log = DefectLog(goesOn: false)
    let tables = TableBuilder(plan.partition, plan.assignment, ties: index.tensors.map(\.tiedTo)).tables
    var agreement = PlanAgreement(
      stored: index, planned: try IndexDecoder.decode(tables, path: path, log: &log), path: path)
    return agreement.difference()
  }

  private init(stored: CheckpointIndex, planned: CheckpointIndex, path: String) {
    self.stored = stored
    self.planned = planned
    self.path = path
  }

  private mutating func difference() -> CheckpointError? {
    guard stored.tasks == planned.tasks else {
      return differs("/\(Layout.Table.tasks.path)", "tasks and levels")
    }
    for number in stored.networks.indices where !isSameNetwork(number) {
      return differs("/\(Layout.Table.networks.path) row \(number)", "units")
    }
    let axes = Dictionary(planned.axes.map { ($0.name, $0.cut) }, uniquingKeysWith: { first, _ in first })
    guard stored.axes.count == axes.count,
      stored.axes.allSatisfy({ axis in axes[axis.name].map { isSame(axis.cut, $0) } ?? false })
    else { return differs("/\(Layout.Table.axes.path)", "axes") }
    for number in stored.tensors.indices {
      if let what = difference(ofTensor: number) {
        return differs("tensor \(stored.tensors[number].spec.name.quoted)", what)
      }
    }
    return nil
  }

  private func differs(_ place: String, _ what: String) -> CheckpointError {
    .broken(
      .planDisagrees, path: path, place: place, expected: "the \(what) of /\(Layout.Table.plan.path)",
      found: "different ones in the tables")
  }

  private func isSameNetwork(_ number: Int) -> Bool {
    let (one, other) = (stored.networks[number], planned.networks[number])
    func named(_ network: IndexedNetwork, _ index: CheckpointIndex) -> [AxisName: [Int]] {
      Dictionary(
        network.axisUnits.map { (index.axes[$0.key].name, $0.value) }, uniquingKeysWith: { first, _ in first }
      )
    }
    return one.levelName.map { TensorName($0) } == other.levelName.map { TensorName($0) }
      && one.units == other.units && named(one, stored) == named(other, planned)
  }

  /// The name of the difference; nil if there is none.
  private mutating func difference(ofTensor number: Int) -> String? {
    let (one, other) = (stored.tensors[number], planned.tensors[number])
    for (cut, otherCut) in zip(one.cuts, other.cuts) where !isSame(cut, otherCut) { return "cuts" }
    if one.units != other.units { return "units" }
    if one.scope.map({ stored.scopes[$0] }) != other.scope.map({ planned.scopes[$0] }) { return "users" }
    if one.owners != other.owners { return "owners" }
    guard one.reordered.count == other.reordered.count else { return "orders of channels" }
    for (use, otherUse) in zip(one.reordered, other.reordered) where !isSame(use, otherUse) {
      return "orders of channels"
    }
    return stored.views[number] == planned.views[number] ? nil : "names and masks"
  }

  private mutating func isSame(_ one: TensorCut?, _ other: TensorCut?) -> Bool {
    guard let one, let other else { return (one == nil) == (other == nil) }
    return isSame(one.cut, other.cut)
      && one.axes.map { stored.axes[$0].name } == other.axes.map { planned.axes[$0].name }
  }

  private mutating func isSame(_ one: IndexedReordering, _ other: IndexedReordering) -> Bool {
    let (axis, otherAxis) = (stored.axes[one.axis], planned.axes[other.axis])
    return (one.dimension, one.inner, one.outer) == (other.dimension, other.inner, other.outer)
      && axis.name == otherAxis.name && isSame(axis.cut, otherAxis.cut)
  }

  /// Compares two cuts only once: most tensors share a few cuts, which may have millions of segments.
  private mutating func isSame(_ one: Int, _ other: Int) -> Bool {
    if let known = knownCuts[[one, other]] { return known }
    let isSame = stored.cuts[one] == planned.cuts[other]
    knownCuts[[one, other]] = isSame
    return isSame
  }
}
