internal import ByteFiles
public import Tensors

/// A tensor that is part of a model, under the name that tells it from all others.
public struct NamedConstant: Sendable {
  /// The value's name in the main graph; with the path of its graph before it in others: `if1/then_branch/weight`.
  public let name: TensorName
  /// What it is and where its elements lie.
  public let constant: TensorConstant
}

extension Model {
  /// Every tensor of the model in the order of the file: initializers and the values of `Constant` nodes, in the main
  /// graph, in graphs among the attributes of nodes, and in functions.
  ///
  /// Text is left out, since it is no weight; sparse tensors are an error.
  public func constants() throws(GraphError) -> [NamedConstant] {
    var found: [NamedConstant] = []
    try collect(graph, prefix: "", into: &found)
    for function in functions {
      var body = Graph()
      body.nodes = function.nodes
      try collect(body, prefix: "\(function.domain).\(function.name)/", into: &found)
    }
    var names: Set<TensorName> = []
    for tensor in found where !names.insert(tensor.name).inserted {
      throw .refused(
        .name, path: file.path, place: "tensor \(tensor.name.quoted)", expected: "a name of its own",
        found: "two of that name")
    }
    return found.sorted { $0.constant.message.lowerBound < $1.constant.message.lowerBound }
  }

  private func collect(
    _ graph: Graph, prefix: String, into found: inout [NamedConstant]
  ) throws(GraphError) {
    if let sparse = graph.sparseInitializers.first { throw self.sparse(sparse.values.name) }
    for tensor in graph.initializers where tensor.type != .string {
      guard !tensor.name.isEmpty else {
        throw .refused(
          .name, path: file.path, place: "initializer of \(quoted(graph.name))", expected: "a name",
          found: "an empty one")
      }
      found.append(NamedConstant(name: TensorName(prefix + tensor.name), constant: tensor))
    }
    for node in graph.nodes {
      let output = node.outputs.first ?? ""
      if node.operation == "Constant", node.domain.isEmpty {
        switch node.attributes["value"] ?? node.attributes["sparse_value"] {
        case .tensor(let tensor) where tensor.type != .string:
          found.append(NamedConstant(name: TensorName(prefix + output), constant: tensor))
        case .sparse: throw sparse(output)
        default: break
        }
      }
      let called = node.name.isEmpty ? output : node.name
      for (attribute, value) in node.attributes.sorted(by: { $0.key < $1.key }) {
        if case .graph(let inner) = value {
          try collect(inner, prefix: "\(prefix)\(called)/\(attribute)/", into: &found)
        }
      }
    }
  }

  private func sparse(_ name: String) -> GraphError {
    .refused(
      .sparse, path: file.path, place: "tensor \(quoted(name))", expected: "dense tensors",
      found: "a sparse one, which flat formats cannot hold")
  }
}
