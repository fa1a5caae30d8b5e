package import Assigning
internal import ByteFiles
package import Inference
internal import ONNXGraph
package import SubNetworks
package import TensorStreams
internal import Tensors
package import UnitModel

/// Affinities of tasks and units, and the orders that follow, from a file and its data.
package struct Learning {
  private let learner: AffinityLearner
  private let data: Affinities.Data?
  private let runs: TaskRuns?
  /// The number of tasks, for progress.
  package let taskCount: Int
  private let opened: OpenedFile
  private let plan: Plan

  /// - Parameters:
  ///   - opened: the weights, and their graph if they have one.
  ///   - plan: the plan for them, and the plan applied to them.
  ///   - data: the arrays of the tasks; nil for none.
  ///   - samples: the most samples of each task; nil for all.
  ///   - seed: the seed by which samples are chosen.
  ///   - method: `activations` and `ablation` need a graph and data.
  package init(
    _ opened: OpenedFile, plan: (plan: Plan, resolved: ResolvedPlan), data: OpenedFile?, samples: Int?,
    seed: Int,
    method: LearningMethod, limits: RunLimits
  ) throws {
    self.opened = opened
    self.plan = plan.plan
    let plan = plan.resolved
    let network = try opened.network
    if method != .weights, network == nil {
      throw TesseraError(
        sentence:
          "\(opened.path): expected a graph for --learn \(method.rawValue), found none; '--learn weights' needs none"
      )
    }
    let source = try opened.source
    let whole: ResolvedPlan
    do throws(PlanError) { whole = try plan.withWholeDimensionsCut() } catch {
      throw TesseraError(.plan, "\(opened.path): \(error)")
    }
    taskCount = plan.assignment.tasks.count
    guard taskCount > 0 else {
      throw TesseraError(sentence: "\(opened.path): expected a plan with tasks, found none")
    }
    guard method != .weights, let data, let network else {
      (runs, self.data) = (nil, nil)
      learner = AffinityLearner(whole, source, network: network, runs: nil)
      return
    }
    let arrays = try data.source
    try Self.requireKnown(arrays, network, plan.assignment.tasks.map(\.task))
    let runs = TaskRuns(
      network, plan: whole, data: TaskData(arrays, count: samples, seed: seed, byteLimit: limits.bytes),
      threads: ThreadSupply.processorCount, limits: limits)
    self.runs = runs
    var digests: [(TensorSpec, SHA256Digest)] = []
    for (number, tensor) in arrays.tensors.enumerated() {
      digests.append((tensor.spec, try arrays.digest(of: number) { _ in }))
    }
    let most = arrays.tensors.compactMap(\.spec.shape.first).max() ?? 0
    self.data = Affinities.Data(
      digest: modelDigest(of: digests).description, samples: min(samples ?? most, most),
      seed: samples.map { $0 < most } == true ? seed : nil)
    learner = AffinityLearner(whole, source, network: network, runs: runs)
  }

  /// Throws for an array that no task uses: its name is most likely a typing error.
  private static func requireKnown(
    _ arrays: any TensorSource, _ network: NetworkModel, _ tasks: [TaskID]
  ) throws {
    let parts = network.model.graph.requiredInputs.map(\.name) + ["labels"]
    let known = Set(parts + tasks.flatMap { task in parts.map { "\(task.text).\($0)" } })
    for tensor in arrays.tensors where !known.contains(tensor.spec.name.text) {
      let nearest = nearestName(to: tensor.spec.name.text, among: known.sorted())
      throw TesseraError(
        sentence:
          "\(arrays.path): array \(tensor.spec.name.quoted): expected TASK.INPUT or TASK.labels, INPUT or labels, found another name"
          + (nearest.map { "; the nearest name is '\($0)'" } ?? ""))
    }
  }

  /// The affinities; `progress` gets the number of finished tasks.
  package func affinities(
    _ method: LearningMethod, perAxis: Bool, progress: (Int) -> Void = { _ in }
  ) throws -> Affinities {
    try learner.affinities(method, perAxis: perAxis, data: data, progress: progress)
  }

  /// The name of the loss of each task whose loss was computed so far.
  package var losses: [(task: TaskID, name: String)] {
    plan.tasks.compactMap { task in runs?.lossNames[task.task].map { (task.task, $0) } }
  }

  /// For each axis with scores, the score of each channel for a task.
  func scores(_ method: LearningMethod, of task: TaskID) throws -> [AxisName: [Double]] {
    try learner.scores(method, of: task, ownAxesOnly: false)
  }

  /// The orders that follow from affinities. An axis that the graph joins with others keeps the order of the task if an
  /// order of its own would cut them apart; `joined` names these axes.
  package func orders(_ affinities: Affinities) throws -> (orders: [UnitOrder], joined: [AxisName]) {
    let learned = try learner.orders(affinities)
    guard !affinities.axes.isEmpty, let network = try opened.network else { return (learned, []) }
    let source = try opened.source
    func isSound(_ orders: [UnitOrder]) -> Bool {
      guard let changed = try? plan.reassigned(orders, affinities.provenance),
        let resolved = try? changed.resolve(against: source.tensors.map(\.spec), ties: source.ties)
      else { return false }
      return (try? network.check(resolved)) != nil
    }
    if isSound(learned) { return (learned, []) }
    var kept = learned.map { UnitOrder(task: $0.task, order: $0.order) }
    var joined: [AxisName] = []
    for (axis, _) in affinities.axes {
      let more = zip(kept, learned).map { kept, learned in
        UnitOrder(
          task: kept.task, order: kept.order, axes: kept.axes.merging([axis: learned.axes[axis] ?? []]) { $1 }
        )
      }
      if isSound(more) { kept = more } else { joined.append(axis) }
    }
    return (kept, joined)
  }
}
