package import Tensors

extension Model {
  /// The model with supplied elements: `number` gives a tensor's number by its name in `constants()`; nil leaves it.
  package func supplied(_ number: (TensorName) -> Int?) -> Model {
    replacing(
      graph: graph.supplied(prefix: "", number),
      functions: functions.map { function in
        var function = function
        var body = Graph()
        body.nodes = function.nodes
        function.nodes = body.supplied(prefix: "\(function.domain).\(function.name)/", number).nodes
        return function
      })
  }
}

extension TensorConstant {
  /// The tensor with its elements supplied under a number, optionally with another name and other extents.
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
  func supplied(prefix: String, _ number: (TensorName) -> Int?) -> Graph {
    var graph = self
    graph.initializers = initializers.map { tensor in
      number(TensorName(prefix + tensor.name)).map { tensor.supplied($0) } ?? tensor
    }
    graph.nodes = nodes.map { node in
      var node = node
      let output = node.outputs.first ?? ""
      if node.operation == "Constant", node.domain.isEmpty,
        case .tensor(let tensor)? = node.attributes["value"],
        let place = number(TensorName(prefix + output))
      {
        node.attributes["value"] = .tensor(tensor.supplied(place))
      }
      let called = node.name.isEmpty ? output : node.name
      for (attribute, value) in node.attributes {
        guard case .graph(let inner) = value else { continue }
        node.attributes[attribute] = .graph(
          inner.supplied(prefix: "\(prefix)\(called)/\(attribute)/", number))
      }
      return node
    }
    return graph
  }
}
