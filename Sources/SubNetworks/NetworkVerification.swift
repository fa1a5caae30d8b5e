internal import ChannelFlow
package import Inference
internal import ONNXGraph
internal import Synchronization
internal import TensorStreams
package import UnitCheckpoints
package import UnitModel

/// Compares sub-networks of a checkpoint with their masked networks.
package struct NetworkVerification {
  /// The distance between a sub-network and its masked network.
  package struct Row: Sendable {
    package fileprivate(set) var task: TaskID
    package fileprivate(set) var level: LevelNumber
    package var maxAbs = 0.0
    /// The greatest |a − b| of an output, divided by its greatest |b|.
    package var maxRelative = 0.0
    /// Whether every output is within tolerance.
    package var isWithin = true
    /// The layers in the order in which they are computed; empty if they are not compared.
    package var layers: [Layer] = []

    /// The first layer beyond the tolerance.
    package var firstDeparting: Layer? { layers.first { !$0.isWithin } }
  }

  /// One value of the graph.
  package struct Layer: Sendable {
    package let name: String
    package let operation: String
    package let maxAbs: Double
    package let maxRelative: Double
    package let isWithin: Bool
  }

  /// The most bytes of the source's weights, and of the inputs, that stay in memory for the next sub-networks. A run
  /// needs all weights of the whole network, so this adds little for most networks.
  private static let keptLimit = 64 << 20

  private let original: NetworkModel
  private let stored: NetworkModel
  /// A network's part of the stored tensors.
  private let elements: (VirtualNetwork) throws -> any PartitionTensors
  private let plan: ResolvedPlan
  private let planned: PlannedGraph
  /// The original, prepared for its own walks; nil if its flow is that of `planned`.
  private let plannedOriginal: PlannedGraph?
  private let source: MaskedSource
  private let made = MadeInputs(limit: keptLimit)
  package var tolerance = 1e-4
  package var backend = BackendKind.reference
  package var threads = 1
  package var limits = RunLimits()
  package var inputs: FileInputs?
  package var comparesLayers = false

  /// - Parameters:
  ///   - original: the whole network, with the source's weights.
  ///   - stored: the network in the checkpoint.
  ///   - sameTensors: whether both have the same elements. If both have the same graph too, one walk serves both.
  package init(
    original: NetworkModel, stored: NetworkModel, checkpoint: UnitCheckpoint, plan: ResolvedPlan,
    sameTensors: Bool
  ) {
    planned = stored.planned(plan)
    plannedOriginal =
      sameTensors && original.model.hasSameGraph(as: stored.model) ? nil : original.planned(plan)
    source = MaskedSource(original.whole, plan: plan, keeping: Self.keptLimit)
    self.original = original
    self.stored = stored
    elements = { ActiveTensors(try SubNetwork($0, of: checkpoint), of: checkpoint) }
    self.plan = plan
  }

  /// Compares the networks of a plan before its file is cut.
  package init(_ network: NetworkModel, plan: ResolvedPlan) {
    original = network
    stored = network
    planned = network.planned(plan)
    plannedOriginal = nil
    // The memory of a conversion is bounded.
    let source = MaskedSource(network.whole, plan: plan, keeping: 16 << 20)
    self.source = source
    elements = { MaskedTensors(source, $0, isDense: true) }
    self.plan = plan
  }

  /// Compares sub-networks, in their order. Those that compute the same from the same elements are run once.
  ///
  /// - Parameter done: called after each of them with its number.
  package func rows(_ networks: [VirtualNetwork], done: (Int) -> Void) throws -> [Row] {
    let kinds = GraphNetworks.Kinds(plan, resultsOf: stored.model)
    var known: [GraphNetworks.Kind: Row] = [:]
    return try networks.enumerated().map { number, network in
      defer { done(number) }
      let kind = kinds.kind(of: network)
      if var row = known[kind] {
        (row.task, row.level) = (network.task, network.level)
        return row
      }
      let row = try row(network)
      known[kind] = row
      return row
    }
  }

  /// Compares one sub-network.
  package func row(_ network: VirtualNetwork) throws -> Row {
    let shapes = try inputs?.shapes(for: stored.model) ?? [:]
    let flow = try stored.flow(network, of: planned, inputShapes: shapes)
    if NetworkModel.usesBatch(flow, plan), inputs == nil {
      throw FlowError.refused(
        path: stored.model.path, place: "task \(network.task.quoted)",
        expected: "--input with the batch: its norms take their moments from it (\"norm\": \"batch\")",
        found: "none")
    }
    let seen = SeenValues()
    let record: @Sendable (String, Tensor) -> Void = { seen.add($0, $1) }
    let observer = comparesLayers ? record : nil
    let expected: [(name: String, tensor: Tensor)]
    do {
      let originalFlow =
        try plannedOriginal.map { try original.flow(network, of: $0, inputShapes: flow.inputShapes) } ?? flow
      let masked = try original.session(
        try original.masked(originalFlow, plan: plan),
        elements: MaskedTensors(source, network), backend: backend, threads: threads,
        limits: limits)
      expected = try masked.run(try tensors(for: masked, flow), observer: observer)
    } catch { throw UnprovableOriginal(cause: error) }
    let values = seen.take()
    let dense = try stored.session(
      try stored.dense(flow, plan: plan), elements: try elements(network), backend: backend, threads: threads,
      limits: limits)
    let found = try dense.run(try tensors(for: dense, flow), observer: observer)
    var row = Row(task: network.task, level: network.level)
    for (one, other) in zip(found, expected) {
      let gap = try Gap(one.tensor, other.tensor, named: one.name, flow: flow)
      row.maxAbs = max(row.maxAbs, gap.maxAbs)
      row.maxRelative = max(row.maxRelative, gap.relative)
      if !gap.isWithin(tolerance) { row.isWithin = false }
    }
    if comparesLayers { row.layers = layers(seen.take(), values, flow) }
    return row
  }

  /// Whether the whole network runs on the same inputs, without masks.
  package func wholeRuns(beside network: VirtualNetwork) -> Bool {
    do {
      let shapes = try inputs?.shapes(for: stored.model) ?? [:]
      let flow = try stored.flow(network, of: planned, inputShapes: shapes)
      let whole = try Session(
        original.model, supplier: original.whole, backend: backend, threads: threads, limits: limits)
      _ = try whole.run(try tensors(for: whole, flow))
      return true
    } catch { return false }
  }

  private func tensors(for session: Session, _ flow: NetworkFlow) throws -> [String: Tensor] {
    if let inputs { return try inputs.tensors(for: session, model: stored.model) }
    return try made.tensors(for: session, flow: flow)
  }

  private func layers(
    _ found: [String: Tensor], _ expected: [String: Tensor], _ flow: NetworkFlow
  ) -> [Layer] {
    var layers: [Layer] = []
    for step in flow.walk.steps {
      for name in step.node.outputs {
        guard let one = found[name], let other = expected[name], one.type == other.type, one.type.isReal,
          let gap = try? Gap(one, other, named: name, flow: flow)
        else { continue }
        layers.append(
          Layer(
            name: name, operation: step.node.operation, maxAbs: gap.maxAbs, maxRelative: gap.relative,
            isWithin: gap.isWithin(tolerance)))
      }
    }
    return layers
  }
}

/// An error of the masked network itself; nothing can then be compared with it.
package struct UnprovableOriginal: Error, CustomStringConvertible {
  package let cause: any Error

  package var description: String { "\(cause)" }
}

extension ElementType {
  fileprivate var isReal: Bool { [.float, .double, .float16, .bfloat16].contains(self) }
}

/// Values of a run by name.
private final class SeenValues: Sendable {
  private let values = Mutex<[String: Tensor]>([:])

  func add(_ name: String, _ tensor: Tensor) { values.withLock { $0[name] = tensor } }

  func take() -> [String: Tensor] {
    values.withLock { values in
      defer { values = [:] }
      return values
    }
  }
}

/// The distance between two values. In the whole network's value, only active positions count.
private struct Gap {
  var maxAbs = 0.0
  var greatest = 0.0

  init(_ found: Tensor, _ expected: Tensor, named name: String, flow: NetworkFlow) throws {
    guard let a = found.reals, let all = expected.reals else { return }
    let b = Self.active(all, expected.shape, name, flow)
    guard a.count == b.count else {
      throw FlowError.refused(
        path: flow.walk.model.path, place: "value \(quoted(name))", expected: "\(b.count) active elements",
        found: "\(a.count)")
    }
    for (one, other) in zip(a, b) {
      if one == other || one.isNaN && other.isNaN { continue }
      let gap = abs(one - other)
      maxAbs = max(maxAbs, gap.isNaN ? .infinity : gap)
    }
    // Infinities, which masked logits contain, would allow any distance.
    greatest = b.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
  }

  var relative: Double { maxAbs == 0 ? 0 : maxAbs / max(greatest, 1e-300) }

  func isWithin(_ tolerance: Double) -> Bool { maxAbs.isFinite && maxAbs <= tolerance * greatest + 1e-6 }

  /// The elements at positions that the sub-network has.
  private static func active(_ all: [Double], _ shape: [Int], _ name: String, _ flow: NetworkFlow) -> [Double]
  {
    var kept: [Int: [Bool]] = [:]
    for factor in flow.walk.values[name]?.factors ?? []
    where factor.dimensions.count == 1 && shape.indices.contains(factor.dimensions[0]) {
      let own = factor.labels.map(flow.labels.isKept)
      if own.contains(false), own.count == shape[factor.dimensions[0]] { kept[factor.dimensions[0]] = own }
    }
    if kept.isEmpty { return all }
    return all.indices.filter { position in
      var rest = position
      for dimension in shape.indices.reversed() {
        let index = rest % shape[dimension]
        rest /= shape[dimension]
        if kept[dimension]?[index] == false { return false }
      }
      return true
    }.map { all[$0] }
  }
}
