internal import ByteFiles
internal import ONNXGraph
internal import Tensors

/// Makes graphs ready to run: reads constants, orders nodes, finds operators, expands functions.
final class GraphCompiler {
  private let model: Model
  private let loader: ConstantLoader
  private let functions: [FunctionID: (body: Function, itemCount: Int)]
  /// Whether nodes may be fused.
  private let fuses: Bool
  /// Steps so far in all graphs. In a chain of functions that each call the next one twice, they double at every level.
  private var stepCount = 0
  /// The number of nodes, names and tensors that were copied to expand functions.
  private(set) var copiedCount = 0
  private var callDepth = 0

  private static let stepLimit = 200_000
  /// A body of 100 nodes that is called 1,000 times gives half a million; these take 250 MB.
  private static let copyLimit = 1_000_000
  private static let callLimit = 32

  private struct FunctionID: Hashable {
    let domain: String
    let name: String
    let overload: String
  }

  init(_ model: Model, loader: ConstantLoader, fuses: Bool) {
    self.model = model
    self.fuses = fuses
    self.loader = loader
    var functions: [FunctionID: (body: Function, itemCount: Int)] = [:]
    for function in model.functions {
      functions[FunctionID(domain: function.domain, name: function.name, overload: function.overload)] =
        (function, function.itemCount)
    }
    self.functions = functions
  }

  func main() throws(InferenceError) -> CompiledGraph {
    try compile(model.graph, opsets: model.opsets) { _ in false }
  }

  private func compile(
    _ graph: Graph, opsets: [String: Int], outer: @escaping (String) -> Bool
  ) throws(InferenceError) -> CompiledGraph {
    var constants: [String: Tensor] = [:]
    func add(_ name: String, _ tensor: Tensor) throws(InferenceError) {
      guard !name.isEmpty, constants.updateValue(tensor, forKey: name) == nil else {
        throw refusal(
          "graph \(quoted(graph.name))", "a unique name for every tensor",
          name.isEmpty ? "an empty one" : "\(quoted(name)) twice")
      }
    }
    let dequantised = fuses ? dequantised(graph) : []
    for tensor in graph.initializers {
      try add(tensor.name, try loader.tensor(tensor, keepsPacked: dequantised.contains(tensor.name)))
    }
    for tensor in graph.sparseInitializers { try add(tensor.values.name, try loader.tensor(tensor)) }
    let inputs = Set(graph.inputs.map(\.name))
    let loaded = constants
    let order: [Int]
    do throws(GraphDefect) {
      order = try NodeOrder(graph.nodes) { loaded[$0] != nil || inputs.contains($0) || outer($0) }.indices()
    } catch { throw InferenceError(error, in: model) }
    for index in order where isConstant(graph.nodes[index]) {
      if let name = graph.nodes[index].outputs.first { try add(name, try constant(graph.nodes[index])) }
    }
    let nodes = order.map { graph.nodes[$0] }.filter { !isConstant($0) }
    let planned = plan(nodes, graph, opsets, &constants)
    let lastUses = lastUses(graph, planned)
    var made = inputs.union(constants.keys)
    for node in graph.nodes { made.formUnion(node.outputs) }
    let sees: (String) -> Bool = { made.contains($0) || outer($0) }
    var steps: [CompiledGraph.Step] = []
    for (index, part) in planned.enumerated() {
      var step = try step(part.node, opsets, releases: lastUses[index] ?? [], sees)
      step.operations = part.operations
      if !part.followers.isEmpty {
        var followers: [CompiledGraph.Step] = []
        for node in part.followers { followers.append(try self.step(node, opsets, releases: [], sees)) }
        if let fused = part.fused {
          step.action = .fused(fused, otherwise: followers)
        } else {
          step.end = CompiledGraph.End(
            head: part.head, residual: part.residual, activation: part.activation, followers: followers)
        }
      }
      steps.append(step)
    }
    for output in graph.outputs where !sees(output.name) {
      throw refusal("output \(quoted(output.name))", "a value with this name", "none")
    }
    return CompiledGraph(
      name: graph.name, inputs: graph.inputs, outputs: graph.outputs, constants: constants, steps: steps)
  }

  /// The names that only occur as what a DequantizeLinear dequantises, so that its values need not be unpacked.
  private func dequantised(_ graph: Graph) -> Set<String> {
    var names: Set<String> = []
    var others = Set(graph.inputs.map(\.name)).union(graph.outputs.map(\.name))
    for node in graph.nodes {
      let isRead = node.operation == "DequantizeLinear" && node.domain.isEmpty && functions.isEmpty
      if isRead, let first = node.inputs.first { names.insert(first) }
      others.formUnion(isRead ? Array(node.inputs.dropFirst()) : node.usedNames)
    }
    return names.subtracting(others)
  }

  private func step(
    _ node: Node, _ opsets: [String: Int], releases: [String], _ sees: @escaping (String) -> Bool
  ) throws(InferenceError) -> CompiledGraph.Step {
    stepCount += 1
    guard stepCount <= Self.stepLimit else {
      throw .refused(
        kind: .budget, path: model.file.path, place: node.shown,
        expected: "at most \(Self.stepLimit.grouped) nodes with those of functions", found: "more")
    }
    var subgraphs: [String: CompiledGraph] = [:]
    for (name, value) in node.attributes {
      if case .graph(let graph) = value { subgraphs[name] = try compile(graph, opsets: opsets, outer: sees) }
    }
    let id = FunctionID(domain: node.domain, name: node.operation, overload: node.overload)
    if let (function, itemCount) = functions[id] {
      copiedCount += itemCount
      guard copiedCount <= Self.copyLimit else {
        throw .refused(
          kind: .budget, path: model.file.path, place: node.shown,
          expected: "functions that expand to at most \(Self.copyLimit.grouped) nodes, names and tensors",
          found: "more")
      }
      return CompiledGraph.Step(
        node: node, action: .call(try expand(function, node)), opset: 0, subgraphs: [:], releases: releases)
    }
    guard let known = OperatorRegistry.known(node) else {
      let reason =
        node.domain.isEmpty ? OperatorRegistry.refused[node.operation].map { ", which \($0)" } : nil
      throw unsupported(node, "a supported operator", quoted(node.operation) + (reason ?? ""))
    }
    // No model declares a version of our own operators.
    let opset = opsets[node.domain == OperatorRegistry.ownDomain ? "" : node.domain]
    guard let opset, opset >= known.since else {
      throw unsupported(
        node, "version \(known.since) or later of the operator set", "\(opset ?? 0)")
    }
    let action: CompiledGraph.Action =
      if let known = known as? any ValueOperator.Type { .evaluateValues(known) } else { .evaluate(known) }
    return CompiledGraph.Step(
      node: node, action: action, opset: opset, subgraphs: subgraphs, releases: releases)
  }

  /// A function as a graph, with the attributes of this call.
  private func expand(_ function: Function, _ node: Node) throws(InferenceError) -> CompiledGraph {
    callDepth += 1
    defer { callDepth -= 1 }
    guard callDepth <= Self.callLimit else {
      throw unsupported(node, "at most \(Self.callLimit) functions that call each other", "more")
    }
    let attributes = function.defaults.merging(node.attributes) { $1 }
    var graph = Graph()
    graph.name = function.name
    graph.inputs = function.inputs.map { ValueInfo(name: $0, type: nil) }
    graph.outputs = function.outputs.map { ValueInfo(name: $0, type: nil) }
    graph.nodes = function.nodes.map { $0.resolving(attributes) }
    return try compile(
      graph, opsets: function.opsets.isEmpty ? model.opsets : function.opsets, outer: { _ in false })
  }

  private func constant(_ node: Node) throws(InferenceError) -> Tensor {
    do { return try ConstantNode(node: node, loader: loader).tensor() } catch {
      throw error.placed(node.shown, path: model.file.path)
    }
  }

  /// Whether the node is a `Constant`, which is read together with the weights.
  private func isConstant(_ node: Node) -> Bool {
    node.operation == "Constant" && node.domain.isEmpty && !node.outputs.isEmpty
  }

  /// The nodes as steps: one step for each node, or fewer if the backend can fuse nodes.
  private func plan(
    _ nodes: [Node], _ graph: Graph, _ opsets: [String: Int], _ constants: inout [String: Tensor]
  ) -> [Fusion.Planned] {
    guard fuses, let opset = opsets[""] else {
      return nodes.map { Fusion.Planned(node: $0, operations: [$0.operation]) }
    }
    // An initializer that is also an input can have another value in each run.
    let inputs = Set(graph.inputs.map(\.name))
    var fusion = Fusion(
      FusionGraph(
        nodes: nodes, constants: constants.filter { !inputs.contains($0.key) },
        outputs: Set(graph.outputs.map(\.name)), opset: opset
      ) { node in
        node.domain.isEmpty
          && functions[FunctionID(domain: "", name: node.operation, overload: node.overload)] == nil
      }, loader.budget)
    let planned = fusion.plan()
    // Constants that were folded into other weights are no longer needed.
    let used = Set(planned.flatMap(\.usedNames)).union(planned.flatMap { $0.followers.flatMap(\.usedNames) })
    constants.merge(fusion.constants) { $1 }
    let outputs = Set(graph.outputs.map(\.name))
    constants = constants.filter { name, _ in
      used.contains(name) || inputs.contains(name) || outputs.contains(name)
    }
    return planned
  }

  /// For each step, the values whose last use it is, and the unused values that it makes.
  private func lastUses(_ graph: Graph, _ steps: [Fusion.Planned]) -> [Int: [String]] {
    var last: [String: Int] = [:]
    for (index, step) in steps.enumerated() {
      for name in step.node.outputs where !name.isEmpty { last[name] = index }
      for name in step.usedNames { last[name] = index }
    }
    for output in graph.outputs { last[output.name] = nil }
    return Dictionary(grouping: last.keys) { last[$0] ?? -1 }
  }

  private func unsupported(_ node: Node, _ expected: String, _ found: String) -> InferenceError {
    .refused(
      kind: .unsupported, path: model.file.path, place: node.shown, expected: expected, found: found)
  }

  private func refusal(_ place: String, _ expected: String, _ found: String) -> InferenceError {
    .refused(kind: .invalid, path: model.file.path, place: place, expected: expected, found: found)
  }
}
