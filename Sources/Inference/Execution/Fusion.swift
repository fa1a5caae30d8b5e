internal import ONNXGraph

/// Finds nodes that can be done as one: a convolution or normalisation with what follows it.
///
/// Convolution + BatchNormalization becomes a convolution with other weights. Then an Add of something of the same shape,
/// and an activation, are done to the result while it is in the cache. Only values that one node uses and nobody else
/// sees disappear.
struct Fusion {
  /// One step: a node and what it may do at the end.
  struct Planned {
    var node: Node
    /// Nodes that it stands for, in order, and how the backend does them.
    var followers: [Node] = []
    var residual: String?
    var activation = Activation.identity
    /// What the node made before there were followers.
    var head = ""
    /// Operators of all nodes that this is.
    var operations: [String]

    /// Values that must be there.
    var usedNames: [String] { node.usedNames + (residual.map { [$0] } ?? []) }
  }

  /// In an order in which they can run.
  let nodes: [Node]
  /// Values that are the same in every run.
  var constants: [String: Tensor]
  let outputs: Set<String>
  /// Version of ONNX's own operator set.
  let opset: Int
  let budget: RunBudget
  /// Whether an operator of ONNX's own is one, and no function of the model with its name.
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

  /// Steps in an order in which they can run. New weights are among `constants` then.
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

  /// The only node that uses what `node` makes, if nobody else sees it.
  private func onlyUser(of node: Node) -> Int? {
    guard let name = node.outputs.first, !outputs.contains(name), let users = uses[name], users.count == 1,
      !taken.contains(users[0]), isBuiltIn(nodes[users[0]]), nodes[users[0]].inputs.contains(name)
    else { return nil }
    return users[0]
  }

  /// Adds an Add and an activation that follow.
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

  /// An input of Clip that the model holds.
  private func bound(_ node: Node, _ index: Int, _ missing: Float) -> Float? {
    guard node.inputs.indices.contains(index), !node.inputs[index].isEmpty else { return missing }
    guard let tensor = constants[node.inputs[index]], tensor.type == .float, tensor.count == 1 else {
      return nil
    }
    let bound = tensor.values(Float.self)[0]
    return bound.isNaN ? nil : bound
  }

  /// The convolution that does what `node` and the normalisation after it do; nil where that cannot be.
  private mutating func folded(_ node: Node, into next: Node) -> Node? {
    guard let folding = NormalisationFolding(node, next, constants, opset: opset) else { return nil }
    // No name of a file has this character at its end and is one of ours.
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
