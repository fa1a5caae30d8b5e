internal import CKernels
internal import ONNXGraph

/// Finds operators on single elements that feed each other.
struct ChainFinder {
  let graph: FusionGraph

  /// The most nodes of a chain, and the most values that it reads.
  private static let limits = (nodes: 24, inputs: 12)

  /// A chain that ends with the node `root`, as large as the limits allow: each other node of it is only used inside it.
  /// Nil if it has one node.
  func chain(endingAt root: Int) -> FusedNodes? {
    guard let (_, first) = work(root) else { return nil }
    var members: Set<Int> = [root]
    var reads = Set(first)
    // A node whose users are not all members yet comes again with the last of them.
    var names = first
    var next = 0
    while next < names.count, members.count < Self.limits.nodes {
      let name = names[next]
      next += 1
      guard let maker = graph.maker(of: name), !members.contains(maker), graph.isInner(maker),
        graph.isUsed(maker, onlyBy: members), let (_, others) = work(maker)
      else { continue }
      let all = reads.subtracting([name]).union(others)
      guard all.count <= Self.limits.inputs else { continue }
      members.insert(maker)
      reads = all
      names += others
    }
    let nodes = members.sorted()
    guard nodes.count > 1 else { return nil }
    var inputs: [String] = []
    var lines: [ElementwiseChain.Line] = []
    var registers = Registers()
    for node in nodes {
      guard let (form, names) = work(node) else { return nil }
      var operands: [ElementwiseChain.Operand] = []
      for name in names {
        if let register = registers.place[name] {
          operands.append(.register(register))
        } else {
          if !inputs.contains(name) { inputs.append(name) }
          operands.append(.input(inputs.firstIndex(of: name) ?? 0))
        }
      }
      // A kernel may write where it reads, so an operand's register is free for the result.
      for name in Set(names) where graph.maker(of: name).map({ graph.users(of: $0).last == node }) ?? false {
        registers.free(name)
      }
      let register = registers.take(graph.output(node))
      switch form {
      case .map(let function): lines.append(.init(work: .map(function, operands[0]), register: register))
      case .combine(let operation):
        lines.append(.init(work: .combine(operation, operands[0], operands[1]), register: register))
      }
    }
    return FusedNodes(
      fused: ElementwiseChain(lines: lines, registerCount: registers.count), inputs: inputs, nodes: nodes)
  }

  private struct Registers {
    var place: [String: Int] = [:]
    private var unused: [Int] = []
    private(set) var count = 0

    mutating func take(_ name: String) -> Int {
      let register = unused.popLast() ?? count
      if register == count { count += 1 }
      place[name] = register
      return register
    }

    mutating func free(_ name: String) {
      if let register = place.removeValue(forKey: name) { unused.append(register) }
    }
  }

  private enum Form {
    case map(LaneFunction)
    case combine(tessera_operator)
  }

  /// The kernel of a node, and the values that it reads; nil for other nodes.
  private func work(_ index: Int) -> (Form, [String])? {
    let node = graph.nodes[index]
    guard graph.isFree(index), node.outputs.count == 1, !node.inputs.isEmpty, !node.inputs[0].isEmpty else {
      return nil
    }
    if let function = LaneFunction(node, opset: graph.opset, number: graph.number(_:rank:)) {
      return (.map(function), [node.inputs[0]])
    }
    guard graph.opset >= 7, node.inputs.count == 2, !node.inputs[1].isEmpty,
      let operation = Self.operators[node.operation]
    else { return nil }
    // Max and Min broadcast since version 8.
    if graph.opset < 8, node.operation == "Max" || node.operation == "Min" { return nil }
    return (.combine(operation), node.inputs)
  }

  private static let operators: [String: tessera_operator] = [
    "Add": tessera_add, "Sub": tessera_subtract, "Mul": tessera_multiply, "Div": tessera_divide,
    "Max": tessera_maximum, "Min": tessera_minimum,
  ]
}
