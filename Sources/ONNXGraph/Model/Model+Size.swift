extension Graph {
  /// Nodes, names of values, attributes and tensors, with those of graphs within: what copying the graph copies.
  ///
  /// A tensor counts three, as a `Constant` node does.
  package var itemCount: Int {
    nodes.reduce(inputs.count + outputs.count + 3 * (initializers.count + sparseInitializers.count)) {
      $0 + $1.itemCount
    }
  }
}

extension Node {
  /// Itself, its names and attributes, and what graphs among these have.
  package var itemCount: Int {
    attributes.values.reduce(1 + inputs.count + outputs.count + attributes.count) {
      if case .graph(let graph) = $1 { $0 + graph.itemCount } else { $0 }
    }
  }
}

extension Function {
  /// Its names, attributes and nodes, and what these have: what one call copies.
  package var itemCount: Int {
    nodes.reduce(1 + inputs.count + outputs.count + defaults.count) { $0 + $1.itemCount }
  }
}
