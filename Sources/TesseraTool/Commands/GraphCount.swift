internal import Inference
internal import ONNXGraph
internal import Reporting
internal import Tensors
internal import Tessera
internal import UnitModel

/// Tables of the parameters and the work of an ONNX model, or of a checkpoint's networks.
struct GraphCount {
  private let options: WorkOptions
  let work: GraphWork

  /// - Parameter option: the option that needs the graph, for messages.
  init(_ opened: OpenedFile?, _ path: String, _ options: WorkOptions, option: String) throws {
    self.options = options
    work = try GraphWork(opened, path, options.measuring.settings(), option: option)
  }

  /// Every node of a sub-network, or of the whole graph.
  func layers(of chosen: (task: TaskID, level: LevelNumber)?) throws -> LayerTable {
    let counts = try work.counts(of: chosen)
    return LayerTable(
      inputs: counts.inputs.map(Self.input),
      layers: counts.rows.map {
        .init(
          node: $0.node, operation: $0.operation, shape: $0.shape, calls: $0.calls,
          parameters: ParameterCount($0.parameters), multiplyAdds: $0.multiplyAdds)
      })
  }

  /// The work of each of the networks, and of the whole graph.
  func table(of networks: [(task: TaskID, level: LevelNumber)]) throws -> WorkTable {
    var rows = try networks.map { try row(of: $0) }
    rows.append(try row(of: nil))
    let settings = work.settings
    return WorkTable(
      inputs: work.inputs.map(Self.input), rows: rows,
      measurement: options.measure
        ? .init(
          backend: settings.backend.rawValue, threads: settings.threads, repeats: settings.repeats) : nil)
  }

  private func row(of network: (task: TaskID, level: LevelNumber)?) throws -> WorkTable.Row {
    let counts = try work.counts(of: network)
    return WorkTable.Row(
      task: network?.task, level: network?.level,
      levelName: network.flatMap { work.assignment(of: $0.task)?.name(of: $0.level) },
      multiplyAdds: counts.multiplyAdds, peakActivations: ByteCount(counts.peakActivationBytes),
      latency: options.measure ? Latency(try work.durations(of: network)) : nil)
  }

  private static func input(_ input: (name: String, type: ElementType, shape: [Int])) -> LayerTable.Input {
    LayerTable.Input(name: input.name, dtype: input.type.name, shape: input.shape)
  }
}
