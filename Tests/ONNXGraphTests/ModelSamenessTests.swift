import ByteFiles
import Tensors
import TestSupport
import Testing

@testable import ONNXGraph

@Suite("The same graph")
struct ModelSamenessTests {
  private func model() throws -> Model {
    let path = "\(SourceFolder.root)/samples/fashion/network.onnx"
    return try Model(ReadableFile(path: path))
  }

  /// The model with its tensors supplied, under the numbers of their names, from `first`.
  private func supplied(_ model: Model, first: Int = 0) -> Model {
    let names = model.graph.initializers.map(\.name)
    return model.supplied { name in names.firstIndex(of: name.text).map { $0 + first } }
  }

  @Test("a graph is the same as itself, read again, if its elements have the same numbers")
  func same() throws {
    #expect(try supplied(model()).hasSameGraph(as: supplied(model())))
    // Elements in the file are not compared.
    #expect(try !model().hasSameGraph(as: model()))
    #expect(try !supplied(model()).hasSameGraph(as: supplied(model(), first: 1)))
  }

  static let changes: [(String, @Sendable (inout Graph) -> Void)] = [
    ("a node's input", { $0.nodes[1].inputs[0] += "x" }),
    ("a node's operator", { $0.nodes[1].operation = "Neg" }),
    ("a node's domain", { $0.nodes[1].domain = "com.microsoft" }),
    ("a new attribute", { $0.nodes[1].attributes["new"] = .int(1) }),
    (
      "a value of an attribute",
      { graph in
        let node = graph.nodes.firstIndex { $0.operation == "Conv" } ?? 0
        graph.nodes[node].attributes["strides"] = .ints([3, 5])
      }
    ),
    ("the order of nodes", { $0.nodes.swapAt(0, 1) }), ("a missing node", { $0.nodes.removeLast() }),
    ("an output", { $0.outputs.removeLast() }),
    ("the type of an input", { $0.inputs[0] = ValueInfo(name: $0.inputs[0].name, type: nil) }),
    ("a missing tensor", { $0.initializers.removeLast() }),
  ]

  @Test("any change makes another graph", arguments: changes.indices)
  func different(change: Int) throws {
    let model = try supplied(model())
    var graph = model.graph
    Self.changes[change].1(&graph)
    #expect(!model.hasSameGraph(as: model.replacing(graph: graph)), "\(Self.changes[change].0)")
    #expect(!model.replacing(graph: graph).hasSameGraph(as: model), "\(Self.changes[change].0)")
  }
}
