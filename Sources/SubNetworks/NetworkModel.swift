package import ChannelFlow
internal import Conversion
package import Inference
package import ONNXGraph
package import TensorStreams
internal import Tensors
package import UnitCheckpoints
package import UnitModel

/// A graph with its weights beside it, of an ONNX file or of a checkpoint, from which sub-networks are made.
package struct NetworkModel {
  /// Its tensors are supplied under their numbers in `whole`.
  package let model: Model
  package let whole: any TensorSource

  private let decoded: Model

  /// A decoded graph with the weights of a source, matched by name.
  package init(_ decoded: Model, weights: any TensorSource) {
    let numbers = weights.places
    self.decoded = decoded
    whole = weights
    model = PartsOfSequences.replaced(in: decoded.supplied { numbers[$0] }.inlined, supplier: weights)
  }

  /// The graph that a checkpoint holds; nil where it holds none.
  package init?(_ checkpoint: UnitCheckpoint) throws {
    guard let file = try checkpoint.graphFile() else { return nil }
    self.init(try Model(file), weights: checkpoint)
  }

  /// The same graph, whose weights are those of another source with the same names.
  package init(_ other: NetworkModel, weights: any TensorSource) {
    self.init(other.decoded, weights: weights)
  }

  private init(part: Model, of other: NetworkModel) {
    decoded = other.decoded
    whole = other.whole
    model = part
  }

  /// The supported part of the graph, and the first unsupported node; nil if all nodes are supported.
  package var builtPart: (network: NetworkModel, firstUnbuilt: Node)? {
    model.builtPart.map { (NetworkModel(part: $0.model, of: self), $0.firstUnbuilt) }
  }

  /// Holds a plan against the graph for one sub-network.
  ///
  /// - Parameter inputShapes: of the inputs; where none are given, the first that fit the graph.
  package func flow(
    _ network: VirtualNetwork, plan: ResolvedPlan, inputShapes: [String: [Int]] = [:]
  ) throws(FlowError) -> NetworkFlow {
    var best: NetworkFlow?
    var failure: FlowError?
    let required = model.graph.requiredInputs
    let candidates =
      required.allSatisfy { inputShapes[$0.name] != nil } ? [inputShapes] : InputShapes.candidates(model)
    for candidate in candidates {
      do throws(FlowError) {
        let flow = try NetworkFlow(
          network, plan: plan, model: model, supplier: whole,
          inputShapes: candidate.merging(inputShapes) { $1 })
        if flow.outputs.allSatisfy({ flow.walk.values[$0.name]?.shape != nil }) { return flow }
        if best == nil { best = flow }
      } catch {
        failure = failure ?? error
        if error.isFinal { break }
      }
    }
    if let best { return best }
    throw failure
      ?? .refused(path: model.path, place: "graph", expected: "inputs that can be followed", found: "none")
  }

  /// Throws where a plan has more sub-networks than can be held against the graph.
  package func bound(_ plan: ResolvedPlan) throws(FlowError) {
    _ = try GraphNetworks.distinct(in: plan, of: model)
  }

  /// Holds a plan against the graph for every sub-network, each of which must have an output.
  package func check(_ plan: ResolvedPlan) throws {
    for network in try GraphNetworks.distinct(in: plan, of: model) {
      _ = try flow(network, plan: plan).requiredOutputs()
    }
  }

  /// The first node of a sub-network's graph before which channels are taken by number: with the tensors alone, in the
  /// original's code, its channels would not fit. Nil where the tensors suffice.
  package func gathering(_ network: VirtualNetwork, plan: ResolvedPlan) throws(FlowError) -> String? {
    try flow(network, plan: plan).walk.steps.first { !$0.dense.before.isEmpty }?.node.shown
  }

  /// A session for the dense sub-network of a checkpoint.
  package func session(
    _ graph: NetworkGraph, elements: any PartitionTensors, backend: BackendKind, threads: Int,
    limits: RunLimits
  ) throws(InferenceError) -> Session {
    try Session(
      graph.model, supplier: NetworkTensors(graph, elements: elements, whole: whole), backend: backend,
      threads: threads, limits: limits)
  }

  /// The dense graph of a sub-network, with the norms of its task.
  package func dense(_ flow: NetworkFlow, plan: ResolvedPlan) throws(FlowError) -> NetworkGraph {
    try .dense(flow, firstNumber: whole.tensors.count, usesBatch: Self.usesBatch(flow, plan))
  }

  /// The masked original of a sub-network, with the norms of its task.
  package func masked(_ flow: NetworkFlow, plan: ResolvedPlan) throws(FlowError) -> NetworkGraph {
    try .masked(flow, firstNumber: whole.tensors.count, usesBatch: Self.usesBatch(flow, plan))
  }

  package static func usesBatch(_ flow: NetworkFlow, _ plan: ResolvedPlan) -> Bool {
    plan.assignment.tasks.first { $0.task == flow.network.task }?.norm == .batch
  }
}
