internal import ByteFiles
package import ONNXGraph

/// An order in which the nodes of a graph can run.
///
/// Files ought to have one; some exporters do not, so that of the file is kept only where it serves.
struct NodeOrder {
  let nodes: [Node]
  let path: String
  /// Values that are there before the first node: inputs, initializers, and those of enclosing graphs.
  let known: (String) -> Bool

  private enum State { case new, open, done }

  /// Indices into `nodes`, each behind those it needs; a circle or a value that nobody makes is an error.
  func indices() throws(InferenceError) -> [Int] {
    var makers: [String: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for output in node.outputs where !output.isEmpty {
        guard makers.updateValue(index, forKey: output) == nil else {
          throw refusal(node, "every value made once", "\(quoted(output)) twice")
        }
      }
    }
    var states = [State](repeating: .new, count: nodes.count)
    var order: [Int] = []
    var stack: [(node: Int, needs: ArraySlice<String>)] = []
    for start in nodes.indices where states[start] == .new {
      states[start] = .open
      stack.append((start, nodes[start].usedNames[...]))
      while let (node, needs) = stack.last {
        guard let name = needs.first else {
          states[node] = .done
          order.append(node)
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].needs = needs.dropFirst()
        guard let maker = makers[name] else {
          if known(name) { continue }
          throw refusal(nodes[node], "values that a node, an input or an initializer makes", quoted(name))
        }
        switch states[maker] {
        case .done: continue
        case .open:
          throw refusal(
            nodes[node], "nodes that do not wait for each other", "a circle through \(quoted(name))")
        case .new:
          states[maker] = .open
          stack.append((maker, nodes[maker].usedNames[...]))
        }
      }
    }
    return order
  }

  private func refusal(_ node: Node, _ expected: String, _ found: String) -> InferenceError {
    .refused(kind: .invalid, path: path, place: node.shown, expected: expected, found: found)
  }
}

extension Model {
  /// An order in which the nodes of the main graph can run.
  package func nodeOrder() throws(InferenceError) -> [Int] {
    let known = Set(graph.inputs.map(\.name)).union(graph.initializers.map(\.name))
      .union(graph.sparseInitializers.map(\.values.name))
    return try NodeOrder(nodes: graph.nodes, path: file.path) { known.contains($0) }.indices()
  }
}

extension Node {
  /// Values that the node needs: its inputs, and those of enclosing graphs that its own graphs use.
  package var usedNames: [String] {
    var names = inputs.filter { !$0.isEmpty }
    // In the order of the attributes' names, so that an error is the same every time.
    for attribute in attributes.sorted(by: { $0.key < $1.key }) {
      if case .graph(let graph) = attribute.value { names += graph.freeNames }
    }
    return names
  }
}

extension Graph {
  /// Values that the graph uses and does not make.
  var freeNames: [String] {
    var made = Set(inputs.map(\.name)).union(initializers.map(\.name))
    made.formUnion(sparseInitializers.map(\.values.name))
    for node in nodes { made.formUnion(node.outputs) }
    var free: [String] = []
    for node in nodes { free += node.usedNames.filter { !made.contains($0) } }
    return free + outputs.map(\.name).filter { !made.contains($0) }
  }
}
