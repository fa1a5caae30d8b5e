internal import ONNXGraph

/// Finds nodes that can be computed as one step.
///
/// Convolution + BatchNormalization becomes a convolution with other weights. An Add of a value of the same shape, and
/// an activation, are then applied to the result while it is in the cache. Normalisations that are written as single
/// nodes, and chains of operators on single elements, become one operator each. A value is only fused away if no other
/// node uses it and it is not an output.
struct Fusion {
  /// One step: a node and the nodes to apply at its end, or an operator in place of several nodes.
  struct Planned {
    var node: Node
    /// The fused nodes, in order; `residual` and `activation` are their effect.
    var followers: [Node] = []
    var residual: String?
    var activation = LaneFunction.identity
    /// The node's own output, before it got the name of its last follower's output.
    var head = ""
    /// The operators of all nodes in this step.
    var operations: [String]
    /// The operator in place of `followers`, which run if it cannot compute the inputs.
    var fused: (any FusedOperator)?

    /// Values that the step needs as inputs.
    var usedNames: [String] { node.usedNames + (residual.map { [$0] } ?? []) }
  }

  private var graph: FusionGraph
  private let budget: RunBudget

  init(_ graph: FusionGraph, _ budget: RunBudget) {
    self.graph = graph
    self.budget = budget
  }

  /// The constants, with new weights.
  var constants: [String: Tensor] { graph.constants }

  /// Steps in an order in which they can run; new weights are added to `constants`.
  mutating func plan() -> [Planned] {
    var placed: [Int: Planned] = [:]
    let nodes = graph.nodes
    for index in nodes.indices where graph.isFree(index) && nodes[index].outputs.count == 1 {
      let isConvolution = nodes[index].operation == "Conv"
      guard isConvolution || nodes[index].operation == "BatchNormalization" && graph.opset >= 9 else {
        continue
      }
      graph.take(index)
      var planned = Planned(node: nodes[index], operations: [nodes[index].operation])
      var place = index
      if isConvolution, let next = graph.onlyUser(of: index),
        let folded = folded(planned.node, into: nodes[next])
      {
        planned.node = folded
        planned.operations.append(nodes[next].operation)
        place = next
        graph.take(next)
      }
      extend(&planned, &place)
      placed[place] = planned
    }
    for index in nodes.indices {
      if let found = NormalisationPattern(graph: graph).found(at: index) { place(found, &placed) }
    }
    for index in nodes.indices.reversed() {
      if let found = ChainFinder(graph: graph).chain(endingAt: index) { place(found, &placed) }
    }
    for index in nodes.indices where !graph.taken.contains(index) {
      placed[index] = Planned(node: nodes[index], operations: [nodes[index].operation])
    }
    return nodes.indices.compactMap { placed[$0] }
  }

  /// Plans one step for all of the nodes, in place of the last one.
  private mutating func place(_ found: FusedNodes, _ placed: inout [Int: Planned]) {
    guard let last = found.nodes.last else { return }
    let nodes = found.nodes.map { graph.nodes[$0] }
    var node = graph.nodes[last]
    node.inputs = found.inputs
    node.attributes = [:]
    found.nodes.forEach { graph.take($0) }
    placed[last] = Planned(
      node: node, followers: nodes, operations: nodes.map(\.operation), fused: found.fused)
  }

  /// Fuses an Add and an activation after the node, if there are any.
  private mutating func extend(_ planned: inout Planned, _ place: inout Int) {
    planned.head = planned.node.outputs[0]
    if let next = graph.onlyUser(of: place), graph.opset >= 7,
      let inputs = graph.inputs(next, of: "Add"), inputs.count == 2,
      let other = inputs.first(where: { $0 != planned.head }), graph.constants[other] == nil
    {
      planned.residual = other
      follow(&planned, &place, next)
    }
    if let next = graph.onlyUser(of: place), graph.nodes[next].inputs.first == graph.output(place),
      let activation = LaneFunction(graph.nodes[next], opset: graph.opset, number: graph.number(_:rank:))
    {
      planned.activation = activation
      follow(&planned, &place, next)
    } else if let (sigmoid, product, activation) = gate(of: place) {
      planned.activation = activation
      follow(&planned, &place, sigmoid)
      follow(&planned, &place, product)
    }
  }

  /// x · sigmoid(x), as two nodes.
  private func gate(of place: Int) -> (sigmoid: Int, product: Int, LaneFunction)? {
    let users = graph.users(of: place)
    guard graph.isInner(place), users.count == 2, graph.opset >= 7,
      graph.inputs(users[0], of: "Sigmoid") == [graph.output(place)],
      let inputs = graph.inputs(users[1], of: "Mul"), graph.onlyUser(of: users[0]) == users[1],
      Set(inputs) == [graph.output(place), graph.output(users[0])]
    else { return nil }
    return (users[0], users[1], .swish(scale: 1))
  }

  private mutating func follow(_ planned: inout Planned, _ place: inout Int, _ next: Int) {
    planned.followers.append(graph.nodes[next])
    planned.operations.append(graph.nodes[next].operation)
    planned.node.outputs = graph.nodes[next].outputs
    place = next
    graph.take(next)
  }

  /// The convolution that includes the normalisation after it; nil if that is not possible.
  private mutating func folded(_ node: Node, into next: Node) -> Node? {
    guard let folding = NormalisationFolding(node, next, graph.constants, opset: graph.opset) else {
      return nil
    }
    // A NUL keeps these names different from the model's. If a constant has such a name anyway, nothing is folded.
    let names = ["weights", "bias"].map { "\(node.outputs[0])\0\($0)" }
    guard names.allSatisfy({ graph.constants[$0] == nil }), let (weights, bias) = folding.tensors(budget)
    else {
      return nil
    }
    graph.constants[names[0]] = weights
    graph.constants[names[1]] = bias
    var folded = node
    folded.inputs = [node.inputs[0]] + names
    folded.outputs = next.outputs
    return folded
  }
}
