internal import Inference
internal import ONNXGraph
internal import Reporting
internal import SubNetworks
internal import Tensors
internal import Tessera
internal import UnitCheckpoints
internal import UnitModel

/// Walks the graph of an ONNX model, or of a checkpoint, to count its parameters and work.
struct GraphCount {
  private let options: WorkOptions
  private let model: Model
  /// The checkpoint from which sub-networks are made; nil for an ONNX model.
  private let stored: (checkpoint: UnitCheckpoint, network: NetworkModel, plan: ResolvedPlan)?
  private let limits: RunLimits
  /// The limits of timed runs, which need more than counting.
  private let runLimits: RunLimits
  private let inputs: [(name: String, type: ElementType, shape: [Int])]

  /// - Parameter option: the option that needs the graph, for messages.
  init(_ opened: OpenedFile?, _ path: String, _ options: WorkOptions, option: String) throws {
    self.options = options
    guard let opened, let graph = try opened.graph else {
      throw TesseraError(
        sentence: try opened?.checkpoint != nil
          ? "\(path): \(option): expected a unit checkpoint with a graph, found one without"
          : "\(path): \(option): expected an ONNX model or a unit checkpoint, found a file without a graph")
    }
    if let checkpoint = try opened.checkpoint, let network = try opened.network {
      stored = (checkpoint, network, try checkpoint.resolvedPlan())
      model = network.model
    } else {
      stored = nil
      model = graph
    }
    limits = try options.limiting.limits(else: .counting)
    runLimits = try options.limiting.limits(else: RunLimits())
    inputs = try LayerCounts.inputs(of: model, shapes: InputShape.shapes(options.inputShapes, of: model))
  }

  private var shapes: [String: [Int]] {
    Dictionary(inputs.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
  }

  private func work(of task: TaskID, _ level: LevelNumber) throws -> NetworkWork? {
    guard let stored else { return nil }
    return try NetworkWork(
      try stored.plan.assignment.network(task: task, level: level), of: stored.network, stored.checkpoint,
      plan: stored.plan, inputShapes: shapes)
  }

  private func wholeCounts() throws -> LayerCounts {
    try LayerCounts(model, shapes: shapes, supplier: stored?.network.whole, limits: limits)
  }

  /// Every node of a sub-network, or of the whole graph.
  func layers(of chosen: (task: TaskID, level: LevelNumber)?) throws -> LayerTable {
    let counts =
      try chosen.flatMap { try work(of: $0.task, $0.level) }?.counts(limits: limits) ?? wholeCounts()
    return LayerTable(
      inputs: counts.inputs.map(Self.input),
      layers: counts.rows.map {
        .init(
          node: $0.node, operation: $0.operation, shape: $0.shape, calls: $0.calls,
          parameters: ParameterCount($0.parameters), multiplyAdds: $0.multiplyAdds)
      })
  }

  /// The work of each of the networks, and of the whole graph.
  func work(of networks: [(task: TaskID, level: LevelNumber)]) throws -> WorkTable {
    var rows: [WorkTable.Row] = []
    for (task, level) in networks {
      guard let work = try work(of: task, level) else { continue }
      let counts = try work.counts(limits: limits)
      rows.append(
        WorkTable.Row(
          task: task, level: level, levelName: stored?.plan.assignment.task(task)?.name(of: level),
          multiplyAdds: counts.multiplyAdds,
          peakActivations: ByteCount(counts.peakActivationBytes),
          latency: try measured {
            try work.durations(
              backend: options.computing.kind, threads: options.threadCount, repeats: options.repeat,
              limits: runLimits)
          }))
    }
    let whole = try wholeCounts()
    rows.append(
      WorkTable.Row(
        task: nil, level: nil, multiplyAdds: whole.multiplyAdds,
        peakActivations: ByteCount(whole.peakActivationBytes),
        latency: try measured {
          try Session.durations(
            of: model, supplier: stored?.network.whole, shapes: shapes, backend: options.computing.kind,
            threads: options.threadCount, repeats: options.repeat, limits: runLimits)
        }))
    return WorkTable(
      inputs: inputs.map(Self.input), rows: rows,
      measurement: options.measure
        ? .init(
          backend: options.computing.backend, threads: options.threadCount, repeats: options.repeat) : nil)
  }

  private func measured(_ durations: () throws -> [Duration]) throws -> Latency? {
    options.measure ? Latency(try durations()) : nil
  }

  private static func input(_ input: (name: String, type: ElementType, shape: [Int])) -> LayerTable.Input {
    LayerTable.Input(name: input.name, dtype: input.type.name, shape: input.shape)
  }
}
