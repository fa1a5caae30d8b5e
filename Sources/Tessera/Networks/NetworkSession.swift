package import Inference
package import SubNetworks
internal import TensorStreams
package import UnitCheckpoints
package import UnitModel

/// A sub-network of a checkpoint, ready to run; it reads only its own weights.
package struct NetworkSession {
  package let session: Session
  /// The inputs by name; empty if none were given.
  package let inputs: [String: Inference.Tensor]

  /// - Parameters:
  ///   - network: the graph of the checkpoint.
  ///   - inputs: the given arrays, which also set the shapes of open inputs.
  package init(
    _ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint, _ network: NetworkModel, plan: ResolvedPlan,
    inputs given: FileInputs?, backend: BackendKind, threads: Int, limits: RunLimits
  ) throws {
    let flow = try network.flow(
      subNetwork.network, plan: plan, inputShapes: try given?.shapes(for: network.model) ?? [:])
    session = try network.session(
      try network.dense(flow, plan: plan), elements: ActiveTensors(subNetwork, of: checkpoint),
      backend: backend, threads: threads, limits: limits)
    inputs = try given?.tensors(for: session, model: network.model) ?? [:]
  }
}
