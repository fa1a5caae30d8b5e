internal import ChannelFlow
internal import ONNXGraph
internal import Planning
package import SubNetworks
package import TensorStreams
internal import Tensors
package import UnitModel

/// Learns the affinity of tasks and units from a trained network.
///
/// A channel's score for a task has the form |what makes it| × |what reads it|; a unit's affinity on an axis is its
/// share of the scores of all channels, and its affinity is the mean over the axes.
///
/// * `weights`: the scale of the task's own norms on the channel (if it has none, of the weights that make it), times the
///   norm of the task's own weights that read it (if it has none, of all that do). Only axes on which the task has
///   weights of its own are used, because the others are alike for all tasks.
/// * `activations`: the root mean square of the channel on the task's data, times the norm of the weights that read it.
/// * `ablation`: the rise in the task's loss when the unit is removed from the whole network, in nats or squared units.
package struct AffinityLearner {
  private let plan: ResolvedPlan
  private let weights: any TensorSource
  private let network: NetworkModel?
  private let runs: TaskRuns?

  /// - Parameters:
  ///   - plan: the plan for `weights`.
  ///   - network: the graph with the weights; nil if there is none, which suffices for `weights`.
  ///   - runs: the tasks' runs on data, with the same plan; nil if there are no data.
  package init(
    _ plan: ResolvedPlan, _ weights: any TensorSource, network: NetworkModel?, runs: TaskRuns?
  ) {
    (self.plan, self.weights, self.network, self.runs) = (plan, weights, network, runs)
  }

  private var tasks: [TaskID] { plan.assignment.tasks.map(\.task) }
  private var units: [UnitID] { plan.allUnits.ascending }

  /// The affinities of all tasks.
  ///
  /// - Parameters:
  ///   - perAxis: whether each axis gets affinities of its own, too.
  ///   - data: the record of the data, for the file.
  ///   - progress: is called after each task with the number of finished tasks.
  package func affinities(
    _ method: LearningMethod, perAxis: Bool, data: Affinities.Data?, progress: (Int) -> Void = { _ in }
  ) throws -> Affinities {
    let axes = plan.partition.axes.filter { !$0.isWhole }
    guard !axes.isEmpty else {
      throw LearningError(
        path: weights.path, place: "plan", expected: "an axis that is cut", found: "none")
    }
    var rows: [[Double]] = []
    var axisRows = [[[Double]]](repeating: [], count: axes.count)
    for (number, task) in tasks.enumerated() {
      if method == .ablation {
        rows.append(try losses(task, on: nil))
        for place in perAxis ? axes.indices : 0..<0 {
          axisRows[place].append(try losses(task, on: axes[place].name))
        }
      } else {
        let scores = try scores(method, of: task, ownAxesOnly: true)
        let shares = axes.map { axis in scores[axis.name].map { self.shares($0, axis) } }
        let known = shares.compactMap { $0 }
        guard !known.isEmpty else {
          throw LearningError(
            path: weights.path, place: "task \(task.quoted)",
            expected: method == .weights
              ? "a private tensor that is cut, such as a head (activations and ablation need none)"
              : "a weight that reads the channels of an axis",
            found: "none")
        }
        rows.append(units.map { unit in known.reduce(0) { $0 + $1[unit.index] } / Double(known.count) })
        for place in axes.indices { shares[place].map { axisRows[place].append($0) } }
      }
      progress(number + 1)
    }
    return Affinities(
      method, AffinityMatrix(tasks: tasks, values: rows),
      // An axis without scores for every task keeps the order of each task.
      axes: axes.indices.filter { perAxis && axisRows[$0].count == tasks.count }.map {
        (axes[$0].name, AffinityMatrix(tasks: tasks, values: axisRows[$0]))
      },
      data: data)
  }

  /// The orders that follow from affinities. With labels, the units after the first follow by the loss, except for
  /// `weights`, which needs no data.
  package func orders(_ affinities: Affinities) throws -> [UnitOrder] {
    func loss(_ axis: AxisName?) -> (TaskID) -> ((UnitSet) throws -> Double)? {
      { task in
        guard affinities.method != .weights, let runs, runs.data.hasLabels(task) else { return nil }
        return { units in try runs.loss(task, units: units, on: axis) }
      }
    }
    let orders = try LearnedOrders(affinities.matrix, loss: loss(nil)).orders
    var axes = [[AxisName: [UnitID]]](repeating: [:], count: orders.count)
    for (axis, matrix) in affinities.axes {
      for (place, order) in try LearnedOrders(matrix, loss: loss(axis)).orders.enumerated() {
        axes[place][axis] = order
      }
    }
    return orders.indices.map { UnitOrder(task: tasks[$0], order: orders[$0], axes: axes[$0]) }
  }

  /// For each axis with scores, the score of each channel for a task.
  ///
  /// - Parameter ownAxesOnly: whether `weights` gives scores only for axes on which the task has weights of its own. The
  ///   other scores are the same for every task.
  package func scores(
    _ method: LearningMethod, of task: TaskID, ownAxesOnly: Bool
  ) throws -> [AxisName: [Double]] {
    let chosen = try plan.wholeNetwork(of: task)
    let option = ("--learn", method.rawValue)
    let sides = try network.map { network in
      (GraphSides(network.model.graph), try network.flow(chosen, plan: plan).tensors)
    }
    var graphNames: [TensorName: String] = [:]
    for (name, number) in sides?.1 ?? [:] { graphNames[plan.partition.tensors[number].spec.name] = name }
    func side(_ means: [String: [Double]]?) -> (TensorPlacement, Int) -> ChannelSide? {
      { tensor, dimension in
        guard chosen.sees(tensor) else { return nil }
        guard let sides else { return Self.side(tensor, dimension) }
        return sides.0.side(
          of: tensor.spec, named: graphNames[tensor.spec.name], dimension: dimension, means)
      }
    }
    if method == .activations {
      guard let runs else { return [:] }
      let side = side(try runs.meanSquares(task))
      let found = try ChannelImportance(plan, hasSamples: true, weights, option: option, side: side)
      return scores { found.scores(of: $0) }
    }
    let side = side(nil)
    let own = try ChannelImportance(plan, hasSamples: false, weights, option: option) {
      $0.scope.isPrivate ? side($0, $1) : nil
    }
    let shared = try ChannelImportance(plan, hasSamples: false, weights, option: option) {
      $0.scope.isPrivate ? nil : side($0, $1)
    }
    return scores { axis in
      guard let own = own.sums[axis], let shared = shared.sums[axis] else { return nil }
      if ownAxesOnly, (own.scaled ?? own.made ?? own.read) == nil { return nil }
      let made = own.scaled ?? own.made ?? shared.scaled ?? shared.made
      let read = own.read ?? shared.read
      guard let count = made?.count ?? read?.count else { return nil }
      let ones = [Double](repeating: 1, count: count)
      return zip(made ?? ones, read ?? ones).map { ($0 * $1).squareRoot() }
    }
  }

  private func scores(_ score: (AxisName) -> [Double]?) -> [AxisName: [Double]] {
    var scores: [AxisName: [Double]] = [:]
    for axis in plan.partition.axes where !axis.isWhole { scores[axis.name] = score(axis.name) }
    return scores
  }

  /// The share of each unit in the scores of an axis's channels.
  private func shares(_ scores: [Double], _ axis: ChannelAxis) -> [Double] {
    let sums = units.map { unit in
      axis.channels(of: unit).channels.reduce(0) { $0 + (scores.indices.contains($1) ? scores[$1] : 0) }
    }
    let total = sums.reduce(0, +)
    return sums.map { total > 0 ? $0 / total : 0 }
  }

  /// For each unit, the rise in the task's loss without it.
  private func losses(_ task: TaskID, on axis: AxisName?) throws -> [Double] {
    guard let runs else { return [] }
    let whole = try runs.loss(task, units: plan.allUnits)
    return try units.map { unit in
      let rest = UnitSet(units.filter { $0 != unit })
      return try rest.isEmpty ? 0 : runs.loss(task, units: rest, on: axis) - whole
    }
  }

  /// What a tensor does with channels, if there is no graph: as in PyTorch, whose weights make channels on dimension 0
  /// and read them on the others. A vector named `weight`, `gamma` or `scale` is the scale of a norm.
  private static func side(_ tensor: TensorPlacement, _ dimension: Int) -> ChannelSide? {
    if tensor.spec.shape.count == 1 {
      let last = tensor.spec.name.text.split(whereSeparator: { $0 == "." || $0 == "/" }).last
      return last.map { ["weight", "gamma", "scale"].contains($0) } == true ? .scales : nil
    }
    return dimension == tensor.spec.kernelOutput ?? 0 ? .makes : .reads(means: nil)
  }
}
