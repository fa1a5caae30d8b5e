/// An order in which the nodes of a graph can run.
///
/// ONNX requires files to have such an order. Some exporters write another order; the file's order is kept where it is
/// valid.
package struct NodeOrder {
  private let nodes: [Node]
  /// Whether a value exists before the first node: inputs, initializers, and values of enclosing graphs.
  private let known: (String) -> Bool

  /// Finds an order of `nodes`; `known` tests for values that exist before them.
  package init(_ nodes: [Node], known: @escaping (String) -> Bool) {
    self.nodes = nodes
    self.known = known
  }

  private enum State { case new, open, done }

  /// Indices into `nodes`: each node comes after the nodes that it needs. Throws for a cycle, or for a value that no
  /// node makes.
  package func indices() throws(GraphDefect) -> [Int] {
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
            nodes[node], "nodes without a cycle", "a cycle through \(quoted(name))")
        case .new:
          states[maker] = .open
          stack.append((maker, nodes[maker].usedNames[...]))
        }
      }
    }
    return order
  }

  private func refusal(_ node: Node, _ expected: String, _ found: String) -> GraphDefect {
    GraphDefect(place: node.shown, expected: expected, found: found)
  }
}

/// The reason why the nodes of a graph have no order, or its outputs no values.
package struct GraphDefect: Error, Sendable, Equatable {
  /// The node or the output, in words.
  package let place: String
  package let expected: String
  package let found: String
}

extension Model {
  /// An order in which the nodes of the main graph can run.
  package func nodeOrder() throws(GraphDefect) -> [Int] {
    let known = graph.given
    return try NodeOrder(graph.nodes) { known.contains($0) }.indices()
  }

  /// Defects that prevent the model's graphs from running, whatever their operators are; the first defect of each
  /// graph.
  package var graphDefects: [GraphDefect] {
    var bodies = [graph]
    for function in functions {
      var body = Graph()
      body.nodes = function.nodes
      body.inputs = function.inputs.map { ValueInfo(name: $0, type: nil) }
      body.outputs = function.outputs.map { ValueInfo(name: $0, type: nil) }
      bodies.append(body)
    }
    return bodies.flatMap { $0.defects { _ in false } }
  }
}

extension Graph {
  /// Values that exist before the first node.
  fileprivate var given: Set<String> {
    Set(inputs.map(\.name)).union(initializers.map(\.name)).union(sparseInitializers.map(\.values.name))
  }

  fileprivate func defects(outer: @escaping (String) -> Bool) -> [GraphDefect] {
    var known = given
    let first = known
    do throws(GraphDefect) {
      _ = try NodeOrder(nodes) { first.contains($0) || outer($0) }.indices()
    } catch { return [error] }
    for node in nodes { known.formUnion(node.outputs) }
    let made = known
    let sees: (String) -> Bool = { made.contains($0) || outer($0) }
    if let output = outputs.first(where: { !sees($0.name) }) {
      return [
        GraphDefect(
          place: "output \(quoted(output.name))", expected: "a value with this name", found: "none")
      ]
    }
    // Inner graphs are checked after the enclosing graph, whose order already requires the values that they use.
    return nodes.flatMap { node in
      node.attributes.sorted { $0.key < $1.key }.flatMap { attribute -> [GraphDefect] in
        if case .graph(let inner) = attribute.value { inner.defects(outer: sees) } else { [] }
      }
    }
  }
}

extension Node {
  /// Values that the node needs: its inputs, and values of enclosing graphs that its own graphs use.
  package var usedNames: [String] {
    var names = inputs.filter { !$0.isEmpty }
    // Few nodes have graphs, and a walk asks every node for every sub-network.
    if !attributes.values.contains(where: { if case .graph = $0 { true } else { false } }) { return names }
    // Attributes are sorted by name, so that the first error is always the same.
    for attribute in attributes.sorted(by: { $0.key < $1.key }) {
      if case .graph(let graph) = attribute.value { names += graph.freeNames }
    }
    return names
  }
}

extension Graph {
  /// Values that the graph uses but does not make.
  var freeNames: [String] {
    var made = given
    for node in nodes { made.formUnion(node.outputs) }
    var free: [String] = []
    for node in nodes { free += node.usedNames.filter { !made.contains($0) } }
    return free + outputs.map(\.name).filter { !made.contains($0) }
  }
}
