package import ChannelFlow
package import Inference
package import ONNXGraph
package import TensorStreams
internal import Tensors
package import UnitModel

/// A graph with its weights, from an ONNX file or a checkpoint. Graphs of sub-networks are made from it.
package struct NetworkModel {
  /// The graph; its tensors are supplied under their numbers in `whole`.
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

  /// The same graph, with the weights of another source, matched by name.
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

  /// The graph, prepared for walks of several sub-networks of a plan.
  package func planned(_ plan: ResolvedPlan) -> PlannedGraph {
    PlannedGraph(WalkedGraph(model, supplier: whole), plan: plan)
  }

  /// Checks a plan against the graph for one sub-network.
  ///
  /// - Parameter inputShapes: shapes of inputs. Other inputs get the first candidates that fit the graph.
  package func flow(
    _ network: VirtualNetwork, plan: ResolvedPlan, inputShapes: [String: [Int]] = [:]
  ) throws(FlowError) -> NetworkFlow {
    try flow(network, of: planned(plan), inputShapes: inputShapes)
  }

  /// Checks a plan against the graph for one of several sub-networks.
  package func flow(
    _ network: VirtualNetwork, of planned: PlannedGraph, inputShapes: [String: [Int]] = [:]
  ) throws(FlowError) -> NetworkFlow {
    var best: NetworkFlow?
    var failure: FlowError?
    let required = model.graph.requiredInputs
    let candidates =
      required.allSatisfy { inputShapes[$0.name] != nil } ? [inputShapes] : InputShapes.candidates(model)
    for candidate in candidates {
      do throws(FlowError) {
        let flow = try NetworkFlow(
          network, of: planned, inputShapes: candidate.merging(inputShapes) { $1 })
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

  /// Throws if a plan has more sub-networks than can be checked against the graph.
  package func bound(_ plan: ResolvedPlan) throws(FlowError) {
    _ = try GraphNetworks.distinct(in: plan, of: model)
  }

  /// Checks a plan against the graph for every sub-network, each of which must have an output.
  package func check(_ plan: ResolvedPlan) throws {
    let planned = planned(plan)
    for network in try GraphNetworks.distinct(in: plan, of: model) {
      _ = try flow(network, of: planned).requiredOutputs()
    }
  }

  /// The first node of a sub-network's graph with an input of which only some channels are gathered; nil if there is
  /// none. If there is one, the sub-network's tensors alone do not fit the original's code.
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

  /// The dense graph of a sub-network, with its task's kind of norm.
  package func dense(_ flow: NetworkFlow, plan: ResolvedPlan) throws(FlowError) -> NetworkGraph {
    try .dense(flow, of: model, firstNumber: whole.tensors.count, usesBatch: Self.usesBatch(flow, plan))
  }

  /// The masked network of a sub-network, with its task's kind of norm.
  ///
  /// - Parameter flow: a flow of this model, or of one with the same graph.
  package func masked(_ flow: NetworkFlow, plan: ResolvedPlan) throws(FlowError) -> NetworkGraph {
    try .masked(flow, of: model, firstNumber: whole.tensors.count, usesBatch: Self.usesBatch(flow, plan))
  }

  package static func usesBatch(_ flow: NetworkFlow, _ plan: ResolvedPlan) -> Bool {
    plan.assignment.tasks.first { $0.task == flow.network.task }?.norm == .batch
  }
}
