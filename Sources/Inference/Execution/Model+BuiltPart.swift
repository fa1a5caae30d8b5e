package import ONNXGraph

extension Model {
  /// The nodes that do not depend on an unsupported operator; nil if all operators are supported.
  ///
  /// Its outputs are the values that the other nodes read, and the model's outputs that do not depend on these nodes.
  package var builtPart: (model: Model, firstUnbuilt: Node)? {
    guard let order = try? NodeOrder(graph.nodes, known: { _ in true }).indices() else { return nil }
    var unknown: Set<String> = []
    var first: Node?
    var kept: [Node] = []
    var frontier: [String] = []
    for node in order.map({ graph.nodes[$0] }) {
      let used = node.usedNames
      if node.isBuilt, unknown.isDisjoint(with: used) {
        kept.append(node)
      } else {
        first = first ?? node
        unknown.formUnion(node.outputs)
        frontier += used
      }
    }
    guard let first else { return nil }
    let made = Set(kept.flatMap(\.outputs).filter { !$0.isEmpty })
    var part = graph
    part.nodes = kept
    var names: Set<String> = []
    part.outputs = graph.outputs.filter { made.contains($0.name) && names.insert($0.name).inserted }
    part.outputs += frontier.filter { made.contains($0) && names.insert($0).inserted }.map {
      ValueInfo(name: $0, type: nil)
    }
    return (replacing(graph: part), first)
  }
}

extension Node {
  /// Whether the node and all nodes of its subgraphs are supported.
  fileprivate var isBuilt: Bool {
    OperatorRegistry.known(self) != nil
      && attributes.values.allSatisfy { attribute in
        if case .graph(let graph) = attribute { graph.nodes.allSatisfy(\.isBuilt) } else { true }
      }
  }
}
