internal import Tensors

/// The place of a graph in its model: the main graph, the body of a function, or a graph in an attribute of a node.
///
/// The names of a graph's tensors begin with this path (`if1/then_branch/`), so they differ from those of other graphs.
struct GraphPath {
  private let prefix: String

  static let main = GraphPath(prefix: "")

  private init(prefix: String) { self.prefix = prefix }

  /// The body of a function.
  init(_ function: Function) {
    let overload = function.overload.isEmpty ? "" : ":\(function.overload)"
    prefix = "\(function.domain).\(function.name)\(overload)/"
  }

  /// The name in the model of one of the graph's values.
  func name(of value: String) -> TensorName { TensorName(prefix + value) }

  /// A graph in an attribute of one of the graph's nodes. If the node has no name, its first output stands for it.
  func inner(_ node: Node, _ attribute: String) -> GraphPath {
    let called = node.name.isEmpty ? node.outputs.first ?? "" : node.name
    return GraphPath(prefix: "\(prefix)\(called)/\(attribute)/")
  }
}

extension Model {
  /// The main graph and the bodies of the functions.
  var outerGraphs: [(path: GraphPath, graph: Graph)] {
    [(GraphPath.main, graph)] + functions.map { (GraphPath($0), $0.body) }
  }
}

extension Function {
  /// The function's nodes as a graph.
  var body: Graph {
    var body = Graph()
    body.nodes = nodes
    return body
  }
}

extension Node {
  /// The graphs in the node's attributes, in the order of the attributes' names.
  func innerGraphs(at path: GraphPath) -> [(attribute: String, path: GraphPath, graph: Graph)] {
    attributes.sorted { $0.key < $1.key }.compactMap { attribute, value in
      if case .graph(let graph) = value { (attribute, path.inner(self, attribute), graph) } else { nil }
    }
  }
}
