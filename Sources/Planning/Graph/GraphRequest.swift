package import ChannelFlow
internal import Inference
package import ONNXGraph
package import TensorStreams
package import Tensors
internal import UnitModel

extension PlanRequest {
  /// Proposes a plan for the network in `model`: its graph shows which channels must be cut together.
  ///
  /// - Parameters:
  ///   - inputShapes: extents of inputs that the model leaves open. For other open inputs, the first extents that fit
  ///     are used.
  ///   - supplier: reads the tensors that are not in the model's files.
  ///
  /// Throws `PlanningError`.
  package func propose(
    forGraph model: Model, specs: [TensorSpec], inputShapes: [String: [Int]] = [:], options: FlowOptions,
    supplier: (any TensorSource)? = nil
  ) throws -> ProposedPlan {
    var stopped: [Int: String] = [:]
    var inputShapes = inputShapes
    while true {
      let weights = try GraphWeights.best(
        of: model, inputShapes: inputShapes, options: options, unitCount: unitCount, supplier: supplier,
        stopped: stopped, names: Set(specs.map(\.name.text)))
      inputShapes = weights.shapes
      let proposed = try weights.proposal(for: self, specs: specs)
      do {
        try weights.check(proposed.resolved, supplier: supplier)
        return try sorted(proposed, specs, model, supplier)
      } catch let error as FlowError {
        // Everything that meets at the node where the plan fails becomes whole, so the next plan can fail at fewer
        // nodes.
        guard let refusal = error.refusal, stopped[refusal.node] == nil, stopped.count < Self.stopLimit else {
          throw PlanningError.graph("\(error)")
        }
        stopped[refusal.node] = refusal.words
      }
    }
  }

  /// The plan with the best channels in the first unit.
  ///
  /// Which tensors are cut together stays the same, so the graph needs no second check.
  private func sorted(
    _ proposed: ProposedPlan, _ specs: [TensorSpec], _ model: Model, _ weights: (any TensorSource)?
  ) throws -> ProposedPlan {
    let sides = GraphSides(model.graph)
    var words: [String] = []
    guard
      let orders = try orders(
        proposed.plan, proposed.resolved, weights, &words,
        side: { sides.side(of: $0.spec, dimension: $1, activations) })
    else { return proposed }
    let plan = orders.applied(to: proposed.plan, proposed.resolved.partition.axes)
    do throws(PlanError) {
      return ProposedPlan(
        plan: plan, resolved: try plan.resolve(against: specs), words: proposed.words + words)
    } catch { throw PlanningError.plan(error) }
  }

  /// The most nodes at which channels are made whole before planning fails.
  private static let stopLimit = 32
}

/// The weights of a graph, with the atoms that a walk has joined.
struct GraphWeights {
  private let model: Model
  private let walk: FlowWalk
  let shapes: [String: [Int]]
  /// The dimensions, in the order in which nodes use the weights.
  private let dimensions: [GraphAxes.Dimension]
  private let ranks: [String: Int]

  /// Dimensions with more positions get no atoms. Such large ones are vocabularies, whose rows are looked up.
  private static let extentLimit = 1 << 17

  /// The weights for the first candidate extents of inputs for which the extents of all outputs are known; if there are
  /// none, for the first candidate that works.
  static func best(
    of model: Model, inputShapes: [String: [Int]], options: FlowOptions, unitCount: Int,
    supplier: (any TensorReading)?, stopped: [Int: String], names: Set<String>
  ) throws(PlanningError) -> GraphWeights {
    var best: GraphWeights?
    var failure: FlowError?
    for candidate in InputShapes.candidates(model) {
      do throws(FlowError) {
        let found = try GraphWeights(
          model, inputShapes: candidate.merging(inputShapes) { $1 }, options: options, unitCount: unitCount,
          supplier: supplier, stopped: stopped, names: names)
        if found.isKnown { return found }
        best = best ?? found
      } catch {
        failure = failure ?? error
        if error.isFinal { break }
      }
    }
    if let best { return best }
    throw .graph(failure.map { "\($0)" } ?? "\(model.path): no graph to plan from")
  }

  private init(
    _ model: Model, inputShapes: [String: [Int]], options: FlowOptions, unitCount: Int,
    supplier: (any TensorReading)?, stopped: [Int: String], names: Set<String>
  ) throws(FlowError) {
    let labels = ChannelLabels()
    let graph = WalkedGraph(model, supplier: supplier)
    let context = FlowContext(labels: labels, small: graph.smallValues(), path: model.path)
    context.options = options
    context.unitCount = unitCount
    context.stopped = stopped
    let quantised = FlowRules.quantisedWeights(of: model.graph)
    var atoms: [String: [[ChannelLabel]?]] = [:]
    var walk = FlowWalk(graph, context: context, inputShapes: inputShapes) {
      (tensor, name) throws(FlowError) in
      let isNamed = names.contains(name)
      let lists = tensor.shape.map { extent -> [ChannelLabel]? in
        guard isNamed, tensor.isFloatingPoint || quantised.contains(name), tensor.elementCount > 0,
          extent > 1,
          extent <= Self.extentLimit
        else {
          return nil
        }
        return (0..<extent).map { _ in labels.atom() }
      }
      atoms[name] = lists
      return .labels(lists)
    }
    try walk.run()
    var dimensions: [GraphAxes.Dimension] = []
    var seen: Set<String> = []
    for step in walk.steps {
      for name in step.node.inputs where seen.insert(name).inserted {
        for (number, list) in (atoms[name] ?? []).enumerated() {
          if let list { dimensions.append(GraphAxes.Dimension(tensor: name, number: number, labels: list)) }
        }
      }
    }
    self.model = model
    self.walk = walk
    self.dimensions = dimensions
    shapes = inputShapes
    ranks = atoms.mapValues(\.count)
  }

  /// Whether the extents of all outputs are known.
  var isKnown: Bool { model.graph.outputs.allSatisfy { walk.values[$0.name]?.shape != nil } }

  /// Follows the plan through the graph for each kind of sub-network; throws if the plan is not sound.
  func check(_ plan: ResolvedPlan, supplier: (any TensorReading)?) throws(FlowError) {
    let planned = PlannedGraph(WalkedGraph(model, supplier: supplier), plan: plan)
    for network in try GraphNetworks.distinct(in: plan, of: model) {
      let flow = try NetworkFlow(network, of: planned, inputShapes: shapes)
      _ = try flow.requiredOutputs()
    }
  }

  func proposal(for request: PlanRequest, specs: [TensorSpec]) throws(PlanningError) -> ProposedPlan {
    let axes = GraphAxes(dimensions, labels: walk.context.labels, unitCount: request.unitCount)
    var placements: [String: [DimensionPlacement]] = [:]
    var whole: [(dimension: GraphAxes.Dimension, reason: String)] = []
    for dimension in dimensions {
      if let placement = axes.placement(dimension.labels) {
        let none = [DimensionPlacement](repeating: .whole, count: ranks[dimension.tensor] ?? 0)
        placements[dimension.tensor, default: none][dimension.number] = placement
      } else {
        whole.append((dimension, axes.reason(dimension.labels)))
      }
    }
    var plan = Plan(unitCount: request.unitCount)
    plan.axes = axes.axes.map { axis in
      request.axes.first { $0.name == axis.name }.map { $0.completing(axis) } ?? axis
    }
    for spec in specs {
      guard let dimensions = placements[spec.name.text] else { continue }
      plan.tensors.append(PlanTensor(selector: .name(spec.name), dimensions: dimensions))
    }
    let tasks = GraphTasks(model, request: request)
    plan.tasks = tasks.tasks
    plan.provenance = tasks.tasks.isEmpty ? nil : Provenance(rule: tasks.rule)
    do throws(PlanError) {
      let filled = try plan.filled()
      let resolved = try filled.resolve(against: specs)
      return ProposedPlan(
        plan: filled, resolved: resolved,
        words: tasks.words
          + (dimensions.isEmpty ? ["whole, because no node uses floating-point weights"] : [])
          + Self.words(whole) + request.words(about: resolved, isFromGraph: true))
    } catch { throw .plan(error) }
  }

  /// One sentence for each kind of reason: a model of four heads has four last layers.
  private static func words(_ whole: [(dimension: GraphAxes.Dimension, reason: String)]) -> [String] {
    var order: [String] = []
    var reasons: [String: [String]] = [:]
    var members: [String: [String]] = [:]
    for (dimension, reason) in whole where reason != "a kernel stays whole" {
      let kind = unnamed(reason)
      if members[kind] == nil { order.append(kind) }
      if reasons[kind]?.contains(reason) != true { reasons[kind, default: []].append(reason) }
      members[kind, default: []].append(
        "\(quoted(dimension.tensor)) dimension \(dimension.number) (\(dimension.labels.count))")
    }
    return order.map { kind in
      let (list, alike) = (members[kind] ?? [], reasons[kind] ?? [])
      let rest = list.count > 3 ? " and \(list.count - 3) more" : ""
      let others = alike.count > 1 ? " (and \(alike.count - 1) more alike)" : ""
      return "whole, because \(alike.first ?? "")\(others): \(list.prefix(3).joined(separator: ", "))\(rest)"
    }
  }

  /// A reason without the names that it contains.
  private static func unnamed(_ reason: String) -> String {
    reason.split(separator: "'", omittingEmptySubsequences: false).enumerated()
      .filter { $0.offset % 2 == 0 }.map { String($0.element) }.joined(separator: "'")
  }
}

extension AxisOption {
  /// The axis found in the graph, with this option's values where it has some.
  func completing(_ axis: PlanAxis) -> PlanAxis {
    PlanAxis(
      name: axis.name, size: axis.size, cut: cut ?? (granule == nil && common == nil ? axis.cut : .equal),
      common: common ?? axis.common, granule: granule ?? axis.granule)
  }
}
