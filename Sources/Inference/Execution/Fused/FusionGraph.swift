internal import ONNXGraph

/// The nodes of a graph with the makers and users of each value, for the search for nodes that can be fused.
struct FusionGraph {
  /// The nodes, in an order in which they can run.
  let nodes: [Node]
  /// Values that are the same in every run.
  var constants: [String: Tensor]
  let outputs: Set<String>
  /// The version of ONNX's own operator set.
  let opset: Int
  /// The nodes that are part of a step.
  private(set) var taken: Set<Int> = []

  /// Whether each node's operator is ONNX's own, and not a function of the model with the same name.
  private let isBuiltIn: [Bool]
  private var makers: [String: Int] = [:]
  /// The nodes that use each value, in the order of the graph, each once. There can be as many as there are nodes, so
  /// the list is only made here.
  private var uses: [String: [Int]] = [:]

  init(
    nodes: [Node], constants: [String: Tensor], outputs: Set<String>, opset: Int, isBuiltIn: (Node) -> Bool
  ) {
    self.nodes = nodes
    self.constants = constants
    self.outputs = outputs
    self.opset = opset
    self.isBuiltIn = nodes.map(isBuiltIn)
    for (index, node) in nodes.enumerated() {
      for name in node.outputs where !name.isEmpty { makers[name] = index }
      for name in node.usedNames where uses[name]?.last != index { uses[name, default: []].append(index) }
    }
  }

  /// Whether the node may become part of a step.
  func isFree(_ node: Int) -> Bool { isBuiltIn[node] && !taken.contains(node) }

  mutating func take(_ node: Int) { taken.insert(node) }

  func output(_ node: Int) -> String { nodes[node].outputs.first ?? "" }

  /// The free node with one output that makes the value.
  func maker(of name: String) -> Int? {
    guard let node = makers[name], isFree(node), nodes[node].outputs.count == 1 else { return nil }
    return node
  }

  /// The nodes that use the first output, each once.
  func users(of node: Int) -> [Int] { uses[output(node)] ?? [] }

  /// Whether only nodes of `members` use the first output.
  func isUsed(_ node: Int, onlyBy members: some Collection<Int>) -> Bool {
    let users = users(of: node)
    return users.count <= members.count && users.allSatisfy(members.contains)
  }

  /// Whether only nodes use the output; the graph has other uses for its outputs.
  func isInner(_ node: Int) -> Bool { !outputs.contains(output(node)) }

  /// The only node that uses the output; it is free and has one output.
  func onlyUser(of node: Int) -> Int? {
    let users = users(of: node)
    guard isInner(node), users.count == 1, isFree(users[0]), nodes[users[0]].outputs.count == 1 else {
      return nil
    }
    return users[0]
  }

  /// The inputs of a free node of this kind with one output; nil for other nodes.
  func inputs(_ node: Int, of operation: String) -> [String]? {
    guard isFree(node), nodes[node].operation == operation, nodes[node].outputs.count == 1,
      !nodes[node].inputs.isEmpty, !nodes[node].inputs.contains("")
    else { return nil }
    return nodes[node].inputs
  }

  /// A constant of one F32, F16 or BF16 number, with at most `rank` dimensions.
  func number(_ name: String, rank: Int = 1) -> Double? {
    guard let tensor = constants[name], tensor.count == 1, tensor.rank <= rank else { return nil }
    switch tensor.type {
    case .float: return Double(tensor.values(Float.self)[0])
    case .float16: return tensor.values(Float16.self)[0].wide
    case .bfloat16: return tensor.values(BFloat16.self)[0].wide
    default: return nil
    }
  }

  /// The other input of a sum or product of the node's output with a constant row.
  func row(_ node: Int, _ operation: String, _ other: Int) -> String? {
    guard opset >= 7, let inputs = inputs(node, of: operation), inputs.count == 2,
      let name = inputs.first(where: { $0 != output(other) }), let tensor = constants[name], tensor.rank == 1,
      tensor.count > 1, tensor.type == .float
    else { return nil }
    return name
  }

  /// What the node squares; nil for other nodes.
  func squared(_ node: Int) -> String? {
    if let inputs = inputs(node, of: "Pow"), inputs.count == 2, opset >= 7, number(inputs[1]) == 2 {
      return inputs[0]
    }
    if let inputs = inputs(node, of: "Mul"), inputs.count == 2, inputs[0] == inputs[1] { return inputs[0] }
    return nil
  }

  /// What the node takes the mean of along the last axis, which stays; nil for other nodes.
  func meanOfLast(_ node: Int) -> String? {
    guard let inputs = inputs(node, of: "ReduceMean") else { return nil }
    if case .int(0)? = nodes[node].attributes["keepdims"] { return nil }
    if inputs.count == 2 {
      guard let axes = constants[inputs[1]], axes.integers == [-1] else { return nil }
    } else {
      guard case .ints([-1])? = nodes[node].attributes["axes"] else { return nil }
    }
    return inputs[0]
  }
}
