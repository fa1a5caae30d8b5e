extension Graph {
  /// The number of nodes, names of values, attributes and tensors that a copy of the graph copies, also in subgraphs.
  ///
  /// A tensor counts as three, like a `Constant` node.
  package var itemCount: Int {
    nodes.reduce(inputs.count + outputs.count + 3 * (initializers.count + sparseInitializers.count)) {
      $0 + $1.itemCount
    }
  }
}

extension Node {
  /// The node itself, its names and attributes, and the items of its subgraphs.
  package var itemCount: Int {
    attributes.values.reduce(1 + inputs.count + outputs.count + attributes.count) {
      if case .graph(let graph) = $1 { $0 + graph.itemCount } else { $0 }
    }
  }
}

extension Function {
  /// The names, attributes and nodes of the function, with the items of these: one call copies them all.
  package var itemCount: Int {
    nodes.reduce(1 + inputs.count + outputs.count + defaults.count) { $0 + $1.itemCount }
  }
}

extension AttributeValue {
  /// The numbers in a list, or the bytes of texts; 0 for attributes of other kinds. An operator reads all of them.
  package var listCount: Int {
    switch self {
    case .string(let text): text.count
    case .ints(let list): list.count
    case .floats(let list): list.count
    case .strings(let list): list.reduce(0) { $0 + $1.count + 1 }
    default: 0
    }
  }
}
