internal import ONNXGraph

/// Finds nodes that can be computed as one step: a convolution or normalisation with the nodes after it.
///
/// Convolution + BatchNormalization becomes a convolution with other weights. An Add of a value of the same shape, and
/// an activation, are then applied to the result while it is in the cache. A value is only fused away if one node uses
/// it and it is not an output.
struct Fusion {
  /// One step: a node and the nodes to apply at its end.
  struct Planned {
    var node: Node
    /// The fused nodes, in order; `residual` and `activation` are their effect.
    var followers: [Node] = []
    var residual: String?
    var activation = Activation.identity
    /// The node's own output, before it got the name of its last follower's output.
    var head = ""
    /// The operators of all nodes in this step.
    var operations: [String]

    /// Values that the step needs as inputs.
    var usedNames: [String] { node.usedNames + (residual.map { [$0] } ?? []) }
  }

  /// The nodes, in an order in which they can run.
  let nodes: [Node]
  /// Values that are the same in every run.
  var constants: [String: Tensor]
  let outputs: Set<String>
  /// The version of ONNX's own operator set.
  let opset: Int
  let budget: RunBudget
  /// Whether a node's operator is ONNX's own, and not a function of the model with the same name.
  let isBuiltIn: (Node) -> Bool

  private var uses: [String: [Int]] = [:]
  private var taken: Set<Int> = []

  init(
    nodes: [Node], constants: [String: Tensor], outputs: Set<String>, opset: Int, budget: RunBudget,
    isBuiltIn: @escaping (Node) -> Bool
  ) {
    self.nodes = nodes
    self.constants = constants
    self.outputs = outputs
    self.opset = opset
    self.budget = budget
    self.isBuiltIn = isBuiltIn
    for (index, node) in nodes.enumerated() {
      for name in node.usedNames { uses[name, default: []].append(index) }
    }
  }

  /// Steps in an order in which they can run; new weights are added to `constants`.
  mutating func plan() -> [Planned] {
    var placed: [Int: Planned] = [:]
    for index in nodes.indices where !taken.contains(index) {
      taken.insert(index)
      var planned = Planned(node: nodes[index], operations: [nodes[index].operation])
      var place = index
      if isBuiltIn(nodes[index]), nodes[index].outputs.count == 1 {
        switch nodes[index].operation {
        case "Conv":
          if let next = onlyUser(of: planned.node), let folded = folded(planned.node, into: nodes[next]) {
            planned.node = folded
            planned.operations.append(nodes[next].operation)
            place = next
            taken.insert(next)
          }
          extend(&planned, &place)
        case "BatchNormalization" where opset >= 9: extend(&planned, &place)
        default: break
        }
      }
      placed[place] = planned
    }
    return nodes.indices.compactMap { placed[$0] }
  }

  /// The only node that uses the output of `node`; nil if the output has other users or is an output of the graph.
  private func onlyUser(of node: Node) -> Int? {
    guard let name = node.outputs.first, !outputs.contains(name), let users = uses[name], users.count == 1,
      !taken.contains(users[0]), isBuiltIn(nodes[users[0]]), nodes[users[0]].inputs.contains(name)
    else { return nil }
    return users[0]
  }

  /// Fuses an Add and an activation after the node, if there are any.
  private mutating func extend(_ planned: inout Planned, _ place: inout Int) {
    planned.head = planned.node.outputs[0]
    if let next = onlyUser(of: planned.node), nodes[next].operation == "Add", opset >= 7,
      nodes[next].inputs.count == 2, nodes[next].outputs.count == 1,
      let other = nodes[next].inputs.first(where: { $0 != planned.head }), !other.isEmpty,
      constants[other] == nil
    {
      planned.residual = other
      follow(&planned, &place, next)
    }
    if let next = onlyUser(of: planned.node), nodes[next].outputs.count == 1,
      let activation = activation(nodes[next], of: planned.node.outputs[0])
    {
      planned.activation = activation
      follow(&planned, &place, next)
    }
  }

  private mutating func follow(_ planned: inout Planned, _ place: inout Int, _ next: Int) {
    planned.followers.append(nodes[next])
    planned.operations.append(nodes[next].operation)
    planned.node.outputs = nodes[next].outputs
    place = next
    taken.insert(next)
  }

  private func activation(_ node: Node, of name: String) -> Activation? {
    guard node.inputs.first == name else { return nil }
    switch node.operation {
    case "Relu" where node.inputs.count == 1: return .clamp(low: 0, high: .infinity)
    case "HardSwish" where node.inputs.count == 1: return .hardSwish
    case "LeakyRelu" where node.inputs.count == 1:
      switch node.attributes["alpha"] {
      case nil: return .leaky(slope: 0.01)
      case .float(let slope): return .leaky(slope: slope)
      default: return nil
      }
    case "Clip" where opset >= 11:
      guard let low = bound(node, 1, -.infinity), let high = bound(node, 2, .infinity) else { return nil }
      return .clamp(low: low, high: high)
    default: return nil
    }
  }

  /// A bound of Clip in the model; `missing` if it is not given, nil if it is unknown or NaN.
  private func bound(_ node: Node, _ index: Int, _ missing: Float) -> Float? {
    guard node.inputs.indices.contains(index), !node.inputs[index].isEmpty else { return missing }
    guard let tensor = constants[node.inputs[index]], tensor.type == .float, tensor.count == 1 else {
      return nil
    }
    let bound = tensor.values(Float.self)[0]
    return bound.isNaN ? nil : bound
  }

  /// The convolution that includes the normalisation after it; nil if that is not possible.
  private mutating func folded(_ node: Node, into next: Node) -> Node? {
    guard let folding = NormalisationFolding(node, next, constants, opset: opset) else { return nil }
    // A NUL keeps these names different from the model's. If a constant has such a name anyway, nothing is folded.
    let names = ["weights", "bias"].map { "\(node.outputs[0])\0\($0)" }
    guard names.allSatisfy({ constants[$0] == nil }), let (weights, bias) = folding.tensors(budget) else {
      return nil
    }
    constants[names[0]] = weights
    constants[names[1]] = bias
    var folded = node
    folded.inputs = [node.inputs[0]] + names
    folded.outputs = next.outputs
    return folded
  }
}
