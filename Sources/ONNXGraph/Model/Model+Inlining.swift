/// Expansion of a model's own functions into the nodes that call them.
///
/// Source: onnx.proto, `FunctionProto`: a call binds the function's inputs and outputs by position, and the attributes
/// that its nodes refer to by name.
extension Model {
  /// The most nodes and names after expansion: in total, for each one in the file, and for small files. A file of 3 kB
  /// can describe 2⁴⁰ nodes. Real exporters make one function for a kind of layer and call it once for each layer.
  private static let nodeLimit = 1_000_000
  private static let expansion = 256
  private static let smallLimit = 1 << 15
  /// The deepest chain of functions that call each other.
  private static let depthLimit = 32

  /// The model in which functions that its main graph calls are expanded.
  ///
  /// A call is kept in three cases: its function needs another version of an operator set than the model; it would make
  /// too many nodes and names; or functions call each other more than 32 deep.
  package var inlined: Model {
    if functions.isEmpty { return self }
    var inlining = Inlining(self)
    var graph = self.graph
    graph.nodes = inlining.expand(graph.nodes, depth: 0)
    return replacing(graph: graph, functions: inlining.areCalled(in: graph) ? functions : [])
  }

  private struct Inlining {
    private struct ID: Hashable {
      let domain: String
      let name: String
      let overload: String
    }

    private let functions: [ID: Function]
    /// For each function the number of its nodes (also in subgraphs) and of its values' names.
    private let sizes: [ID: Int]
    /// For each function, the names of values that subgraphs of its nodes make. A call must not pass other values with
    /// these names.
    private let hidden: [ID: Set<String>]
    private var numbers: [String: Int] = [:]
    private var names: Set<String>
    private var left: Int
    /// All functions, including those that cannot be expanded.
    private let called: Set<ID>

    init(_ model: Model) {
      var known: [ID: Function] = [:]
      for function in model.functions {
        let fits = function.nodes.allSatisfy { node in
          function.opsets[node.domain].map { $0 == model.opsets[node.domain] } ?? true
        }
        let id = ID(domain: function.domain, name: function.name, overload: function.overload)
        if fits { known[id] = function }
      }
      functions = known
      sizes = known.mapValues { $0.inputs.count + $0.outputs.count + $0.defaults.count + Self.size($0.nodes) }
      hidden = known.mapValues { Self.hidden($0.nodes) }
      let all = sizes.values.reduce(Self.size(model.graph.nodes)) { $0 &+ $1 }
      left = min(
        Model.nodeLimit, max(Model.smallLimit, all.multipliedReportingOverflow(by: Model.expansion).0))
      called = Set(model.functions.map { ID(domain: $0.domain, name: $0.name, overload: $0.overload) })
      names = Set(model.graph.nodes.flatMap(\.outputs)).union(model.graph.inputs.map(\.name))
        .union(model.graph.initializers.map(\.name))
    }

    private static func size(_ nodes: [Node]) -> Int {
      nodes.reduce(0) { sum, node in
        node.attributes.values.reduce(sum + 1 + node.inputs.count + node.outputs.count) { sum, value in
          if case .graph(let inner) = value { sum + size(inner.nodes) + inner.outputs.count } else { sum }
        }
      }
    }

    private static func hidden(_ nodes: [Node]) -> Set<String> {
      nodes.reduce(into: []) { names, node in
        for case .graph(let inner) in node.attributes.values {
          names.formUnion(inner.inputs.map(\.name))
          names.formUnion(inner.initializers.map(\.name))
          names.formUnion(inner.nodes.flatMap(\.outputs))
          names.formUnion(hidden(inner.nodes))
        }
      }
    }

    /// Whether a node of the graph, or of a graph inside it, still calls a function.
    func areCalled(in graph: Graph) -> Bool {
      graph.nodes.contains { node in
        called.contains(ID(domain: node.domain, name: node.operation, overload: node.overload))
          || node.attributes.values.contains { value in
            if case .graph(let inner) = value { areCalled(in: inner) } else { false }
          }
      }
    }

    mutating func expand(_ nodes: [Node], depth: Int) -> [Node] {
      var result: [Node] = []
      for node in nodes {
        let id = ID(domain: node.domain, name: node.operation, overload: node.overload)
        guard let function = functions[id] else {
          result.append(node)
          continue
        }
        let size = sizes[id] ?? 0
        guard depth < Model.depthLimit, left >= size,
          node.inputs.count <= function.inputs.count, node.outputs.count <= function.outputs.count,
          hidden[id]?.isDisjoint(with: node.inputs + node.outputs) ?? true
        else {
          result.append(node)
          continue
        }
        left -= size
        result += expand(body(of: function, for: node), depth: depth + 1)
      }
      return result
    }

    /// The nodes of a function, with the names and the attributes of a call.
    private mutating func body(of function: Function, for call: Node) -> [Node] {
      let base = call.outputs.first { !$0.isEmpty } ?? call.name
      var renamed: [String: String] = [:]
      for (place, name) in function.inputs.enumerated() {
        renamed[name] = call.inputs.indices.contains(place) ? call.inputs[place] : ""
      }
      var nodes: [Node] = []
      var given = Set(function.inputs)
      for (place, name) in function.outputs.enumerated() {
        let target = call.outputs.indices.contains(place) ? call.outputs[place] : ""
        guard !target.isEmpty else { continue }
        if given.insert(name).inserted {
          renamed[name] = target
        } else {
          // An input, or another output, that is returned unchanged.
          var identity = Node()
          identity.operation = "Identity"
          identity.name = target
          identity.inputs = [name]
          identity.outputs = [target]
          nodes.append(identity)
        }
      }
      let attributes = function.defaults.merging(call.attributes) { $1 }
      for node in function.nodes {
        for name in node.outputs where renamed[name] == nil && !name.isEmpty {
          renamed[name] = fresh("\(base)/\(name)")
        }
      }
      let inner = function.nodes.map { $0.resolving(attributes).renaming(renamed, under: base) }
      return inner
        + nodes.map { node in
          var node = node
          node.inputs = node.inputs.map { renamed[$0] ?? $0 }
          return node
        }
    }

    private mutating func fresh(_ name: String) -> String {
      var result = name
      while !names.insert(result).inserted {
        numbers[name, default: 1] += 1
        result = "\(name).\(numbers[name] ?? 1)"
      }
      return result
    }
  }
}

extension Node {
  /// A node of a function body; references to attributes are replaced by the attributes of the call.
  package func resolving(_ given: [String: AttributeValue]) -> Node {
    var node = self
    for (name, value) in attributes {
      switch value {
      case .reference(let other): node.attributes[name] = given[other]
      case .graph(var graph):
        graph.nodes = graph.nodes.map { $0.resolving(given) }
        node.attributes[name] = .graph(graph)
      default: break
      }
    }
    return node
  }

  /// The node with other names for its inputs and outputs.
  fileprivate func renaming(_ names: [String: String], under base: String) -> Node {
    var node = self
    node.name = "\(base)/\(name.isEmpty ? outputs.first ?? "" : name)"
    node.inputs = inputs.map { names[$0] ?? $0 }
    node.outputs = outputs.map { names[$0] ?? $0 }
    for (attribute, value) in attributes {
      if case .graph(let graph) = value {
        node.attributes[attribute] = .graph(graph.renaming(names, under: base))
      }
    }
    return node
  }
}

extension Graph {
  /// The graph with other names for values of outer graphs, unless the graph itself has a value with the same name.
  fileprivate func renaming(_ names: [String: String], under base: String) -> Graph {
    let own = Set(inputs.map(\.name)).union(initializers.map(\.name)).union(nodes.flatMap(\.outputs))
    let outer = names.filter { !own.contains($0.key) }
    var graph = self
    graph.nodes = nodes.map { node in
      var inner = node.renaming(outer, under: base)
      inner.name = node.name
      return inner
    }
    graph.outputs = outputs.map { ValueInfo(name: outer[$0.name] ?? $0.name, type: $0.type) }
    return graph
  }
}
