internal import ChannelFlow
package import Inference
package import ONNXGraph
package import TensorStreams
package import UnitCheckpoints
package import UnitModel

/// The work of one (task, level) of a checkpoint for given shapes of the inputs, counted before it runs.
package struct NetworkWork {
  /// Its dense graph, and its part of each tensor.
  private let graph: NetworkGraph
  private let elements: ActiveTensors
  private let network: NetworkModel
  /// The shapes of the inputs that the sub-network has.
  private let shapes: [String: [Int]]

  /// Follows the graph of a checkpoint for one sub-network.
  ///
  /// - Parameter inputShapes: shapes of all inputs of the whole network.
  package init(
    _ chosen: VirtualNetwork, of network: NetworkModel, _ checkpoint: UnitCheckpoint, plan: ResolvedPlan,
    inputShapes: [String: [Int]]
  ) throws {
    let flow = try network.flow(chosen, plan: plan, inputShapes: inputShapes)
    let graph = try network.dense(flow, plan: plan)
    let subNetwork = try SubNetwork(chosen, of: checkpoint)
    elements = ActiveTensors(subNetwork, of: checkpoint)
    let own = Set(graph.model.graph.inputs.map(\.name))
    shapes = inputShapes.filter { own.contains($0.key) }
    self.graph = graph
    self.network = network
  }

  /// Goes through a sub-network's graph with shapes only, and throws if its nodes do not fit together.
  ///
  /// Unsupported nodes, and nodes that depend on them, are left out. A graph passes if it exceeds the limits of a
  /// count, or if the whole network also fails on inputs of zeros.
  package static func check(
    _ graph: NetworkGraph, of network: NetworkModel, _ elements: any PartitionTensors
  ) throws(InferenceError) {
    let shapes = graph.flow.inputShapes
    let own = Set(graph.model.graph.inputs.map(\.name))
    do throws(InferenceError) {
      _ = try LayerCounts(
        graph.model.builtPart?.model ?? graph.model, shapes: shapes.filter { own.contains($0.key) },
        supplier: NetworkTensors(graph, elements: elements, whole: network.whole), limits: .counting)
    } catch {
      guard case .refused(.invalid, _, _, _, _) = error,
        (try? LayerCounts(
          network.model.builtPart?.model ?? network.model, shapes: shapes, supplier: network.whole,
          limits: .counting)) != nil
      else { return }
      throw error
    }
  }

  /// The nodes, multiply-adds and activations of the sub-network. Large weights are not read.
  package func counts(limits: RunLimits) throws(InferenceError) -> LayerCounts {
    try LayerCounts(
      graph.model, shapes: shapes,
      supplier: NetworkTensors(graph, elements: elements, whole: network.whole),
      limits: limits)
  }

  /// The durations of `repeats` runs on generated inputs. One more run comes first and is not timed.
  package func durations(
    backend: BackendKind, threads: Int, repeats: Int, limits: RunLimits
  ) throws -> [Duration] {
    try network.session(
      graph, elements: elements, backend: backend, threads: threads, limits: limits
    ).durations(repeats: repeats, shapes: shapes, path: network.model.path)
  }
}

extension Session {
  /// The durations of a whole model, measured like `NetworkWork.durations`.
  package static func durations(
    of model: Model, supplier: (any TensorReading)?, shapes: [String: [Int]], backend: BackendKind,
    threads: Int,
    repeats: Int, limits: RunLimits
  ) throws -> [Duration] {
    try Session(
      model, supplier: supplier, backend: backend, threads: threads, limits: limits
    ).durations(repeats: repeats, shapes: shapes, path: model.path)
  }

  fileprivate func durations(repeats: Int, shapes: [String: [Int]], path: String) throws -> [Duration] {
    var seeded = SeededInputs()
    let inputs = try seeded.tensors(for: self, path: path) { shapes[$0] }
    _ = try run(inputs)
    let clock = ContinuousClock()
    return try (0..<repeats).map { _ in try clock.measure { _ = try run(inputs) } }
  }
}
