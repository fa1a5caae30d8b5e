package import ONNXGraph

extension Model {
  /// The nodes before the first that no operator here computes on each way; nil where all are computed.
  ///
  /// Its outputs are the values that the other nodes take from it, and those of the model that do not depend on them.
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
  /// Whether an operator here computes the node, and every node of the graphs among its attributes.
  fileprivate var isBuilt: Bool {
    OperatorRegistry.known(self) != nil
      && attributes.values.allSatisfy { attribute in
        if case .graph(let graph) = attribute { graph.nodes.allSatisfy(\.isBuilt) } else { true }
      }
  }
}
