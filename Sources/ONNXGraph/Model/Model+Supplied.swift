package import Tensors

extension Model {
  /// The model with supplied elements. `number` gives a tensor's number by its name in `constants()`; for nil, the
  /// tensor is not changed.
  package func supplied(_ number: (TensorName) -> Int?) -> Model {
    replacing(
      graph: graph.supplied(at: .main, number),
      functions: functions.map { function in
        var function = function
        function.nodes = function.body.supplied(at: GraphPath(function), number).nodes
        return function
      })
  }
}

extension TensorConstant {
  /// The tensor whose elements are supplied under a number, optionally with another name and other extents.
  package func supplied(_ number: Int, name: String? = nil, shape: [Int]? = nil) -> TensorConstant {
    let shape = shape ?? self.shape
    return TensorConstant(
      name: name ?? self.name, type: type, shape: shape, elementCount: shape.reduce(1, *),
      payload: .supplied(number), message: message)
  }

  /// The tensor under another name.
  package func named(_ name: String) -> TensorConstant {
    TensorConstant(
      name: name, type: type, shape: shape, elementCount: elementCount, payload: payload, message: message)
  }

  /// A tensor whose elements are supplied.
  package init(name: String, type: ElementType, shape: [Int], number: Int) {
    self.init(
      name: name, type: type, shape: shape, elementCount: shape.reduce(1, *), payload: .supplied(number),
      message: 0..<0)
  }
}

extension Graph {
  func supplied(at path: GraphPath, _ number: (TensorName) -> Int?) -> Graph {
    var graph = self
    graph.initializers = initializers.map { tensor in
      number(path.name(of: tensor.name)).map { tensor.supplied($0) } ?? tensor
    }
    graph.nodes = nodes.map { node in
      var node = node
      if node.operation == "Constant", node.domain.isEmpty,
        case .tensor(let tensor)? = node.attributes["value"],
        let place = number(path.name(of: node.outputs.first ?? ""))
      {
        node.attributes["value"] = .tensor(tensor.supplied(place))
      }
      for inner in node.innerGraphs(at: path) {
        node.attributes[inner.attribute] = .graph(inner.graph.supplied(at: inner.path, number))
      }
      return node
    }
    return graph
  }
}
