internal import Accounting
package import Inference
package import ONNXGraph
internal import SubNetworks
internal import Tensors
internal import UnitCheckpoints
package import UnitModel

/// How the work of a graph is counted and timed.
package struct WorkSettings: Sendable {
  /// The shapes of inputs; others have their declared shapes, with 1 for an open first extent.
  package var shapes: @Sendable (Model) throws -> [String: [Int]] = { _ in [:] }
  package var backend = BackendKind.fast
  package var threads = 1
  /// The number of timed runs. One more run comes first and is not timed.
  package var repeats = 5
  package var countLimits = RunLimits.counting
  /// The limits of timed runs, which need more than counting.
  package var runLimits = RunLimits()

  package init() {}
}

/// The work of an ONNX model, or of the sub-networks of a checkpoint with a graph. Each number is computed once.
package final class GraphWork {
  package let settings: WorkSettings
  /// The inputs of the whole graph, with the shapes for which its work is counted.
  package let inputs: [(name: String, type: ElementType, shape: [Int])]
  private let path: String
  private let model: Model
  /// The checkpoint from which sub-networks are made; nil for an ONNX model.
  private let stored: (checkpoint: UnitCheckpoint, network: NetworkModel, plan: ResolvedPlan)?
  private var networks: [Place: NetworkWork] = [:]
  private var counted: [Place?: LayerCounts] = [:]
  private var timed: [Place?: [Duration]] = [:]

  private struct Place: Hashable {
    let task: TaskID
    let level: LevelNumber
  }

  /// - Parameter option: the option that needs the graph, for messages.
  package init(_ opened: OpenedFile?, _ path: String, _ settings: WorkSettings, option: String) throws {
    self.settings = settings
    self.path = path
    guard let opened, let graph = try opened.graph else {
      throw TesseraError(
        .request,
        try opened?.checkpoint != nil
          ? "\(path): \(option): expected a unit checkpoint with a graph, found one without; 'tessera convert' stores the graph of an ONNX model"
          : "\(path): \(option): expected an ONNX model or a unit checkpoint, found a file without a graph")
    }
    if let checkpoint = try opened.checkpoint, let network = try opened.network {
      stored = (checkpoint, network, try checkpoint.resolvedPlan())
      model = network.model
    } else {
      stored = nil
      model = graph
    }
    inputs = try LayerCounts.inputs(of: model, shapes: settings.shapes(model))
  }

  private var shapes: [String: [Int]] {
    Dictionary(inputs.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
  }

  /// The assignment of a task; nil for an ONNX model.
  package func assignment(of task: TaskID) -> TaskAssignment? { stored?.plan.assignment.task(task) }

  /// The graph of a sub-network; nil for an ONNX model, which has none.
  private func work(at place: Place) throws -> NetworkWork? {
    if let known = networks[place] { return known }
    guard let stored else { return nil }
    let work = try NetworkWork(
      try stored.plan.assignment.network(task: place.task, level: place.level), of: stored.network,
      stored.checkpoint, plan: stored.plan, inputShapes: shapes)
    // Only the last one, because a graph may have many nodes.
    networks = [place: work]
    return work
  }

  /// The counts of a sub-network; of the whole graph for nil, and for an ONNX model.
  package func counts(of network: (task: TaskID, level: LevelNumber)?) throws -> LayerCounts {
    let place = network.map { Place(task: $0.task, level: $0.level) }
    if let known = counted[place] { return known }
    let counts =
      try place.flatMap { try work(at: $0) }?.counts(limits: settings.countLimits)
      ?? LayerCounts(model, shapes: shapes, supplier: stored?.network.whole, limits: settings.countLimits)
    counted[place] = counts
    return counts
  }

  /// The times of a sub-network's runs on seeded random inputs; of the whole graph for nil, and for an ONNX model.
  package func durations(of network: (task: TaskID, level: LevelNumber)?) throws -> [Duration] {
    let place = network.map { Place(task: $0.task, level: $0.level) }
    if let known = timed[place] { return known }
    let durations =
      try place.flatMap { try work(at: $0) }?.durations(
        backend: settings.backend, threads: settings.threads, repeats: settings.repeats,
        limits: settings.runLimits)
      ?? Session.durations(
        of: model, supplier: stored?.network.whole, shapes: shapes, backend: settings.backend,
        threads: settings.threads, repeats: settings.repeats, limits: settings.runLimits)
    timed[place] = durations
    return durations
  }

  /// The cost of a sub-network, in multiply-adds or nanoseconds.
  private func cost(
    in quantity: Budget.Quantity, of network: (task: TaskID, level: LevelNumber)
  ) throws -> Int {
    if quantity == .multiplyAdds { return try counts(of: network).multiplyAdds }
    return try durations(of: network).median.nanoseconds
  }

  /// The highest level of each task within a budget of work, with its cost.
  ///
  /// The levels of a task are tried from the highest down, and the first that fits ends the search. Throws
  /// `PlanError.nothingFits` for the first task without such a level.
  package func levels(within budget: Budget, of tasks: [TaskAssignment]) throws -> BudgetedLevels {
    var found: [BudgetedLevels.Level] = []
    for task in tasks {
      var costs: [LevelCost] = []
      for number in task.levels.indices.reversed() {
        let level = LevelNumber(number + 1)
        costs.append(LevelCost(level, cost: try cost(in: budget.quantity, of: (task.task, level))))
        if costs[costs.count - 1].cost <= budget.limit { break }
      }
      let level = try budget.select(from: costs, of: task.task)
      found.append(
        .init(
          task: task.task, level: level, levelName: task.name(of: level),
          cost: costs.first { $0.level == level }?.cost ?? 0))
    }
    return BudgetedLevels(budget: budget, work: self, levels: found)
  }
}

extension [Duration] {
  /// The middle time, or the mean of the two middle ones; zero for no times.
  fileprivate var median: Duration {
    guard let last = indices.last else { return .zero }
    let ascending = sorted()
    return (ascending[last / 2] + ascending[(last + 1) / 2]) / 2
  }
}

extension Duration {
  /// Whole nanoseconds, rounded up.
  fileprivate var nanoseconds: Int {
    let (seconds, attoseconds) = components
    return Int(clamping: seconds) * 1_000_000_000 + Int(clamping: (attoseconds + 999_999_999) / 1_000_000_000)
  }
}
