internal import ChannelFlow
internal import Inference
internal import ONNXGraph
internal import Tensors
package import UnitModel

/// Compares the sub-networks of a plan with their masked networks, before anything is written.
package struct NetworkProof {
  /// The result of the comparison.
  package enum Outcome: Sendable {
    /// Every sub-network that differs from the others in the graph equals its masked network. `worst` is the greatest
    /// |a − b| of an output, divided by the output's greatest |b|.
    ///
    /// `upTo` is the first unsupported node, at which the comparison ends; nil if it covers the whole graph.
    case proved(networks: Int, worst: Double, upTo: String?)
    /// Nothing was compared, for this reason.
    case skipped(reason: String)
  }

  /// The most bytes of weights of all sub-networks together; all of them are read twice.
  package static let byteLimit = 1 << 28
  /// The most multiply-adds of all sub-networks together; a masked network takes as many as the whole network.
  package static let workLimit = 5_000_000_000

  /// The limits of one run. Elementwise work, trips and memory are limited like products.
  private static var limits: RunLimits {
    var limits = RunLimits()
    limits.bytes = 512 << 20
    limits.trips = 10_000
    limits.steps = 2 * workLimit
    return limits
  }

  private static let way = "'tessera verify' runs every one"

  /// The supported part of the graph.
  private let network: NetworkModel
  /// The first unsupported node; nil if there is none.
  private let end: Node?
  private let plan: ResolvedPlan
  private let threads: Int

  package init(_ network: NetworkModel, plan: ResolvedPlan, threads: Int) {
    let part = network.builtPart
    self.network = part?.network ?? network
    end = part?.firstUnbuilt
    self.plan = plan
    self.threads = threads
  }

  /// Proves the plan, or throws an error with the first node at which a sub-network differs.
  package func run() throws -> Outcome {
    guard !network.model.graph.outputs.isEmpty else {
      return .skipped(
        reason: end.map { "\($0.shown) is not supported, and no node comes before it" }
          ?? "the graph has no outputs")
    }
    if plan.assignment.tasks.contains(where: { $0.norm == .batch }) {
      return .skipped(reason: "norms need a batch; pass one with 'tessera verify --input'")
    }
    let networks = try GraphNetworks.distinct(in: plan, of: network.model)
    let bytes = plan.partition.tensors.reduce(0) {
      min($0, Self.byteLimit) + min($1.spec.byteCount, Self.byteLimit + 1)
    }
    guard bytes <= Self.byteLimit / max(1, networks.count) else {
      return .skipped(
        reason:
          "the weights of \(networks.count) sub-networks exceed the limit of \(Self.byteLimit.grouped) bytes in total; "
          + Self.way
      )
    }
    var verification = NetworkVerification(network, plan: plan)
    verification.backend = .fast
    verification.threads = threads
    verification.limits = Self.limits
    var worst = 0.0
    for (index, one) in networks.enumerated() {
      if index == 0, let reason = try excess(one, networks.count) { return .skipped(reason: reason) }
      do {
        let row = try verification.row(one)
        guard row.isWithin else { throw try departure(of: one, row, verification) }
        worst = max(worst, row.maxRelative)
      } catch let error as UnprovableOriginal {
        if let reason = Self.bound(in: error.cause) { return .skipped(reason: reason) }
        guard verification.wholeRuns(beside: one) else {
          return .skipped(reason: "the whole network does not run here: \(error)")
        }
        throw FlowError.refused(
          path: network.model.path, place: "task \(one.task.quoted), level \(one.level)",
          expected:
            "a network that also runs with inactive channels set to zero ('--no-prove' skips this check)",
          found: "\(error)")
      } catch {
        guard let reason = Self.bound(in: error) else { throw error }
        return .skipped(reason: reason)
      }
    }
    return .proved(networks: networks.count, worst: worst, upTo: end?.shown)
  }

  /// The limit that a run exceeded, in words; nil if it failed for another reason.
  private static func bound(in error: any Error) -> String? {
    var error = error
    if case FlowError.inference(let cause) = error { error = cause }
    guard case InferenceError.refused(kind: .budget, _, let place, let expected, let found) = error else {
      return nil
    }
    return "\(place): expected \(expected), found \(found); \(way)"
  }

  /// The reason why the sub-networks are too much work; nil if they are not.
  private func excess(_ one: VirtualNetwork, _ count: Int) throws -> String? {
    let flow = try network.flow(one, plan: plan)
    var limits = Self.limits
    // Counting computes everything except products, and each of its steps takes longer.
    limits.steps = 1_000_000_000 / count
    let work: LayerCounts
    do throws(InferenceError) {
      work = try LayerCounts(
        network.model, shapes: flow.inputShapes, supplier: network.whole, limits: limits)
    } catch { return Self.bound(in: error) }
    guard work.multiplyAdds > Self.workLimit / count else { return nil }
    return
      "\(count) sub-networks of \(work.multiplyAdds.grouped) multiply-adds exceed the limit of "
      + "\(Self.workLimit.grouped) in total; \(Self.way)"
  }

  private func departure(
    of network: VirtualNetwork, _ row: NetworkVerification.Row, _ verification: NetworkVerification
  ) throws -> FlowError {
    var verification = verification
    verification.comparesLayers = true
    let layer = try verification.row(network).firstDeparting
    return .refused(
      path: self.network.model.path, place: "task \(network.task.quoted), level \(network.level)",
      expected: "a sub-network that computes what the whole network does with inactive channels zero",
      found: "a difference of \(row.maxAbs)"
        + (layer.map { ", first at \(quoted($0.name)) (\($0.operation))" } ?? ""))
  }
}
