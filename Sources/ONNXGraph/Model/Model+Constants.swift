internal import ByteFiles
public import Tensors

/// A tensor of a model, with a name that is unique in the model.
public struct NamedConstant: Sendable {
  /// The value's name in the main graph; in other graphs it follows the path of the graph: `if1/then_branch/weight`.
  public let name: TensorName
  /// The tensor's type and shape, and the position of its elements.
  public let constant: TensorConstant
}

extension Model {
  /// Every tensor of the model in the order of the file: initializers and the values of `Constant` nodes, in the main
  /// graph, in graphs in attributes of nodes, and in functions.
  ///
  /// Tensors of text are not weights and are left out; sparse tensors are in `otherConstants()`. Throws if two tensors
  /// have one name.
  public func constants() throws(GraphError) -> [NamedConstant] {
    let found = try collected().constants
    var names: Set<TensorName> = []
    for tensor in found where !names.insert(tensor.name).inserted {
      throw .refused(
        .name, path: file.path, place: "tensor \(tensor.name.quoted)", expected: "a unique name",
        found: "two tensors with this name")
    }
    return found.sorted { $0.constant.message.lowerBound < $1.constant.message.lowerBound }
  }

  /// Every sparse tensor of the model, with a description in words.
  public func otherConstants() throws(GraphError) -> [(name: TensorName, words: String)] {
    try collected().others
  }

  fileprivate struct Found {
    var constants: [NamedConstant] = []
    var others: [(name: TensorName, words: String)] = []
  }

  private func collected() throws(GraphError) -> Found {
    var found = Found()
    for (path, graph) in outerGraphs { try collect(graph, at: path, into: &found) }
    return found
  }

  private func collect(_ graph: Graph, at path: GraphPath, into found: inout Found) throws(GraphError) {
    for sparse in graph.sparseInitializers { found.add(sparse, path.name(of: sparse.values.name)) }
    for tensor in graph.initializers {
      guard !tensor.name.isEmpty else {
        throw .refused(
          .name, path: file.path, place: "initializer of \(quoted(graph.name))", expected: "a name",
          found: "an empty one")
      }
      found.add(tensor, path.name(of: tensor.name))
    }
    for node in graph.nodes {
      if node.operation == "Constant", node.domain.isEmpty {
        let name = path.name(of: node.outputs.first ?? "")
        for (_, value) in node.attributes.sorted(by: { $0.key < $1.key }) { found.add(value, name) }
      }
      for inner in node.innerGraphs(at: path) { try collect(inner.graph, at: inner.path, into: &found) }
    }
  }
}

extension Model.Found {
  fileprivate mutating func add(_ tensor: TensorConstant, _ name: TensorName) {
    guard tensor.type != .string else { return }
    constants.append(NamedConstant(name: name, constant: tensor))
  }

  fileprivate mutating func add(_ sparse: SparseConstant, _ name: TensorName) {
    others.append((name, "a sparse tensor of shape \(sparse.shape)"))
  }

  /// Adds the value of a `Constant` node.
  fileprivate mutating func add(_ value: AttributeValue, _ name: TensorName) {
    switch value {
    case .tensor(let tensor): add(tensor, name)
    case .sparse(let sparse): add(sparse, name)
    default: break
    }
  }
}
