import ByteFiles
import ONNXGraph
import TestSupport
import Testing

@testable import Inference

/// The cost of a graph compared with its size in the file, in counted steps and bytes, never in time.
@Suite("Work is linear in the file, or counted")
struct LinearGraphTests {
  /// The counts of compiling and running a graph.
  private struct Cost {
    let copies: Int
    let steps: Int
    let bytes: Int
  }

  private func cost(_ graph: CopyingGraph, _ n: Int, _ limits: RunLimits = RunLimits()) throws -> Cost {
    let folder = try TemporaryFolder()
    let bytes = graph.bytes(n)
    let model = try Model(try ReadableFile(path: try folder.write(bytes, as: "m.onnx")))
    let budget = RunBudget(limits)
    let loader = ConstantLoader(
      file: model.file, external: ExternalFiles(of: model.file), strings: StringPool(budget), budget: budget)
    let compiler = GraphCompiler(model, loader: loader, fuses: false)
    let compiled = try compiler.main()
    let run = RunContext(
      backend: ReferenceBackend(threads: 1), budget: budget, path: model.file.path, constants: loader,
      profile: nil)
    let scope = Scope(compiled, within: nil)
    _ = try Interpreter(run: run).outputs(of: compiled, in: scope)
    return Cost(copies: compiler.copiedCount, steps: budget.stepsTaken, bytes: budget.greatestBytes)
  }

  @Test("a cancelled run ends before its next node")
  func cancelled() throws {
    let folder = try TemporaryFolder()
    let bytes = ModelBytes.model { graph in
      graph.ones("w", [2])
      graph.node("Relu", ["w"], ["x"])
      graph.node("Relu", ["x"], ["y"])
      graph.value(12, "y", [2])
    }
    let model = try Model(try ReadableFile(path: try folder.write(bytes, as: "m.onnx")))
    let session = try Session(model)
    #expect(try session.run([:]).count == 1)
    #expect(throws: InferenceError.self) { try session.run([:], isCancelled: { true }) }
  }

  @Test(
    "eight times the file is eight times the work, or the work is counted", arguments: CopyingGraph.allCases)
  func grows(_ graph: CopyingGraph) throws {
    let (small, large) = (try cost(graph, 3), try cost(graph, 24))
    switch graph {
    case .constantsInAFunction, .inputsOfAFunction, .namesInAGraphOfAFunction:
      // Each call copies the body: n calls of n items.
      #expect(small.copies >= 60 * 60 && large.copies >= 480 * 480, "\(small), \(large)")
    case .outputsOfEmptyTrips, .scansOfOneValue:
      // Each of n trips outputs n values, as names and as references.
      #expect(small.steps >= 30 * 300 && large.steps >= 240 * 2400, "\(small), \(large)")
      #expect(small.bytes >= 30 * 300 * RunBudget.referenceBytes, "\(small)")
      #expect(large.bytes >= 240 * 2400 * RunBudget.referenceBytes, "\(large)")
    case .inputsOfTheGraph, .constantsInALoop, .inputsOfANode:
      #expect(large.steps <= 9 * small.steps && large.copies == 0, "\(small), \(large)")
    }
  }

  @Test("what is counted is refused beyond its limit, with the node's name")
  func refused() throws {
    for graph in [CopyingGraph.constantsInAFunction, .inputsOfAFunction, .namesInAGraphOfAFunction] {
      let error = #expect(throws: InferenceError.self, "\(graph)") { _ = try cost(graph, 60) }
      #expect(
        "\(error.map { "\($0)" } ?? "")".contains("functions that expand to at most 1,000,000"), "\(graph)")
    }
    var tight = RunLimits()
    tight.bytes = 1_000_000
    let scans = #expect(throws: InferenceError.self) { _ = try cost(.scansOfOneValue, 40, tight) }
    #expect("\(scans.map { "\($0)" } ?? "")".contains("node 'loop' (Loop): expected at most 1,000,000 bytes"))
    var few = RunLimits()
    few.steps = 100_000
    let trips = #expect(throws: InferenceError.self) { _ = try cost(.outputsOfEmptyTrips, 40, few) }
    #expect("\(trips.map { "\($0)" } ?? "")".contains("expected at most 100,000 steps"))
  }

  @Test("a count that makes much is refused, and its products are free")
  func counting() throws {
    let folder = try TemporaryFolder()
    func counts(_ graph: ModelBytes.Build, _ limits: RunLimits = .counting) throws -> LayerCounts {
      let path = try folder.write(ModelBytes.model(graph: graph), as: "m.onnx")
      return try LayerCounts(try Model(try ReadableFile(path: path)), shapes: [:], limits: limits)
    }
    // 2⁵⁵ multiply-adds of two small tensors, far beyond the limit of a run.
    let product = try counts { graph in
      graph.value(11, "x", [1 << 12, 1 << 12])
      for index in 0..<4 { graph.node("MatMul", ["x", "x"], ["y\(index)"], name: "m\(index)") }
      graph.node("Einsum", ["x", "x"], ["z"]) { $0.attribute("equation", text: "ij,kj->ik") }
      graph.value(12, "y3")
    }
    #expect(product.multiplyAdds == 5 << 36)
    var few = RunLimits.counting
    few.steps = 1 << 20
    for (operation, name) in [("Tile", "tile"), ("Expand", "expand")] {
      let error = #expect(throws: InferenceError.self) {
        _ = try counts(
          { graph in
            graph.ones("x", [1])
            graph.int64s("many", [1 << 21])
            graph.node(operation, ["x", "many"], ["y"], name: name)
            graph.value(12, "y")
          }, few)
      }
      #expect("\(error.map { "\($0)" } ?? "")".contains("node '\(name)'"), "\(operation)")
    }
  }

  @Test("weights that nodes make of weights take no memory in a count, however many wait for their use")
  func madeWeights() throws {
    let folder = try TemporaryFolder()
    var limits = RunLimits.counting
    // Five tensors as large as a weight.
    limits.bytes = 5 * 4 * 128 * 96
    for operation in ["Transpose", "Neg", "Identity", "Softmax"] {
      let bytes = ModelBytes.model { graph in
        graph.value(11, "y", [1, 128])
        let isTurned = operation == "Transpose"
        for index in 0..<24 {
          graph.ones("w\(index)", isTurned ? [96, 128] : [128, 96])
          graph.node(operation, ["w\(index)"], ["t\(index)"], name: "n\(index)")
        }
        for index in 0..<24 { graph.node("MatMul", ["y", "t\(index)"], ["y\(index)"], name: "m\(index)") }
        graph.value(12, "y23")
        graph.node("Sum", (0..<24).map { "y\($0)" }, ["sum"], name: "sum")
        graph.value(12, "sum")
      }
      let model = try Model(try ReadableFile(path: try folder.write(bytes, as: "m.onnx")))
      let counts = try LayerCounts(model, shapes: [:], limits: limits)
      #expect(counts.multiplyAdds == 24 * 128 * 96, "\(operation)")
      #expect(counts.rows.reduce(0) { $0 + $1.parameters } == 24 * 128 * 96, "\(operation)")
      // The weights are not activations; the 24 rows are, and the input, which the sum does not need.
      #expect(counts.peakActivationBytes == 4 * (24 * 96 + 128), "\(operation)")
    }
  }

  /// Equations, the extents of their letters, and the usual count of multiply-adds.
  private static let equations: [(text: String, shapes: [[Int]], multiplyAdds: Int)] = [
    ("bhqd,bhkd->bhqk", [[2, 3, 4, 6], [2, 3, 5, 6]], 720),
    ("ij,jk->ik", [[2, 3], [3, 5]], 30), ("ij,jk", [[2, 3], [3, 5]], 30), ("ij->ji", [[2, 3]], 0),
    ("ij->i", [[2, 3]], 0), ("ii->i", [[3, 3]], 0), ("ij,ij->ij", [[2, 3], [2, 3]], 0),
    ("ij,j->ij", [[2, 3], [3]], 0), ("i,j->ij", [[2], [3]], 6), ("ij,ij->", [[2, 3], [2, 3]], 6),
    // A sum over a letter of one input alone is not a product.
    ("ijl,jk->ik", [[2, 3, 7], [3, 5]], 30),
    ("ij,jk,kl->il", [[2, 3], [3, 5], [5, 7]], 30 + 70),
    ("...ij,...jk->...ik", [[4, 2, 3], [4, 3, 5]], 120),
    ("ij,jk->ik", [[0, 3], [3, 5]], 0),
  ]

  @Test("an Einsum counts as the products of matrices that it is", arguments: equations.indices)
  func einsum(_ index: Int) throws {
    let (text, shapes, wanted) = Self.equations[index]
    let folder = try TemporaryFolder()
    let bytes = ModelBytes.model { graph in
      for (place, shape) in shapes.enumerated() where !shape.contains(0) { graph.ones("x\(place)", shape) }
      for (place, shape) in shapes.enumerated() where shape.contains(0) { graph.tensor("x\(place)", shape) }
      graph.node("Einsum", shapes.indices.map { "x\($0)" }, ["y"]) { $0.attribute("equation", text: text) }
      graph.value(12, "y")
    }
    let model = try Model(try ReadableFile(path: try folder.write(bytes, as: "m.onnx")))
    #expect(try LayerCounts(model, shapes: [:]).multiplyAdds == wanted, "\(text) \(shapes)")
  }
}
