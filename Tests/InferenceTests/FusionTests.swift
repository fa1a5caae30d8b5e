import ByteFiles
import ONNXGraph
import TestSupport
import Testing

@testable import Inference

/// Nodes that the fast backend fuses, compared with the same nodes one by one.
@Suite("Fusion")
struct FusionTests {
  /// A graph of x: [2, 8, 12, 11], and the operators of its fused steps.
  struct Example: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let steps: [String]
    var opset = 17
    let build: @Sendable (inout Builder) -> Void
  }

  /// Builds a graph, with weights from a seed.
  struct Builder {
    var graph: WireWriter
    var generator = SeededGenerator(seed: 3)

    mutating func weights(_ name: String, _ dims: [Int], _ range: ClosedRange<Float> = -0.3...0.3) {
      graph.tensor(
        name, dims,
        raw: (0..<dims.reduce(1, *)).flatMap { _ in
          withUnsafeBytes(of: Float.random(in: range, using: &generator).bitPattern.littleEndian) {
            Array($0)
          }
        })
    }

    mutating func convolution(_ name: String, _ x: String = "x", channels: Int = 8, bias: Bool = false) {
      weights("\(name).w", [8, channels, 3, 3])
      if bias { weights("\(name).b", [8]) }
      graph.node("Conv", [x, "\(name).w"] + (bias ? ["\(name).b"] : []), [name], name: "node-\(name)") {
        $0.attribute("pads", ints: [1, 1, 1, 1])
      }
    }

    mutating func normalisation(_ name: String, _ x: String, epsilon: Float = 0.25) {
      weights("\(name).s", [8], 0.5...2)
      weights("\(name).m", [8], -1...1)
      weights("\(name).v", [8], 0.2...3)
      weights("\(name).o", [8], -1...1)
      graph.node("BatchNormalization", [x, "\(name).s", "\(name).o", "\(name).m", "\(name).v"], [name]) {
        $0.attribute("epsilon", float: epsilon)
      }
    }

    /// A layer norm over the last axis, as exporters write it; its centred values are called "centred".
    mutating func layerNorm(_ x: String, shift: Bool, isReversed: Bool = false) {
      weights("two", [], 2...2)
      weights("epsilon", [], 0.25...0.25)
      weights("scale", [11], 0.5...2)
      weights("shift", [11])
      graph.node("ReduceMean", [x], ["mean"]) { $0.attribute("axes", ints: [-1]) }
      node("Sub", isReversed ? ["mean", x] : [x, "mean"], "centred")
      node("Pow", ["centred", "two"], "squared")
      graph.node("ReduceMean", ["squared"], ["variance"]) { $0.attribute("axes", ints: [-1]) }
      node("Add", ["variance", "epsilon"], "sum")
      node("Sqrt", ["sum"], "deviation")
      node("Div", ["centred", "deviation"], "normal")
      node("Mul", ["normal", "scale"], shift ? "scaled" : "y")
      if shift { node("Add", ["scaled", "shift"], "y") }
    }

    mutating func node(_ operation: String, _ inputs: [String], _ output: String) {
      graph.node(operation, inputs, [output], name: "node-\(output)")
    }
  }

  static let examples: [Example] = [
    Example(testDescription: "everything", steps: ["Conv+BatchNormalization+Add+Relu"]) { b in
      b.convolution("c", bias: true)
      b.normalisation("n", "c")
      b.node("Add", ["n", "x"], "a")
      b.node("Relu", ["a"], "y")
    },
    Example(
      testDescription: "a sum with another branch, which comes later", steps: ["Conv", "Conv+Add+Relu"]
    ) { b in
      b.convolution("c")
      b.convolution("d", bias: true)
      b.node("Add", ["d", "c"], "a")
      b.node("Relu", ["a"], "y")
    },
    Example(testDescription: "an activation alone", steps: ["Conv+LeakyRelu", "Conv+HardSwish"]) { b in
      b.convolution("c", bias: true)
      b.graph.node("LeakyRelu", ["c"], ["l"]) { $0.attribute("alpha", float: 0.3) }
      b.convolution("d", "l")
      b.node("HardSwish", ["d"], "y")
    },
    Example(testDescription: "Clip with bounds of the model", steps: ["Conv+BatchNormalization+Clip"]) { b in
      b.convolution("c")
      b.normalisation("n", "c")
      b.weights("low", [], -0.25...(-0.25))
      b.weights("high", [], 0.5...0.5)
      b.node("Clip", ["n", "low", "high"], "y")
    },
    Example(testDescription: "a normalisation before", steps: ["BatchNormalization+Relu", "Conv+Add"]) { b in
      b.normalisation("n", "x")
      b.node("Relu", ["n"], "r")
      b.convolution("c", "r")
      b.node("Add", ["x", "c"], "y")
    },
    Example(testDescription: "a value with two users", steps: ["Conv", "BatchNormalization+Relu", "Add"]) {
      b in
      b.convolution("c")
      b.normalisation("n", "c")
      b.node("Relu", ["n"], "r")
      b.node("Add", ["r", "c"], "y")
    },
    Example(testDescription: "a value that is an output", steps: ["Conv", "Relu"]) { b in
      b.convolution("c")
      b.node("Relu", ["c"], "y")
      b.graph.value(12, "c")
    },
    Example(testDescription: "weights that a run may replace", steps: ["Conv", "BatchNormalization+Relu"]) {
      b in
      b.convolution("c")
      b.graph.value(11, "c.w")
      b.normalisation("n", "c")
      b.node("Relu", ["n"], "y")
    },
    Example(testDescription: "a sum with itself", steps: ["Conv", "Add"]) { b in
      b.convolution("c")
      b.node("Add", ["c", "c"], "y")
    },
    Example(
      testDescription: "a sum that broadcasts", steps: ["ReduceMean", "Conv+Add+Relu", "Add", "Relu"]
    ) { b in
      b.graph.node("ReduceMean", ["x"], ["m"]) { $0.attribute("axes", ints: [2, 3]) }
      b.convolution("c")
      b.node("Add", ["c", "m"], "a")
      b.node("Relu", ["a"], "y")
    },
    Example(testDescription: "a sum that makes more of it", steps: ["Unsqueeze", "Conv+Add", "Add"]) { b in
      b.graph.int64s("axes", [0])
      b.node("Unsqueeze", ["x", "axes"], "u")
      b.convolution("c")
      b.node("Add", ["c", "u"], "y")
    },
    Example(
      testDescription: "a normalisation without a convolution of its own",
      steps: ["MaxPool", "BatchNormalization+Relu"]
    ) { b in
      b.graph.node("MaxPool", ["x"], ["p"]) { $0.attribute("kernel_shape", ints: [2, 2]) }
      b.normalisation("n", "p")
      b.node("Relu", ["n"], "y")
    },
    Example(
      testDescription: "a branch that sees what a convolution makes", steps: ["Conv", "Relu", "If", "Add"]
    ) {
      b in
      b.convolution("c")
      b.node("Relu", ["c"], "r")
      b.graph.tensor("yes", type: 9, [], raw: [1])
      b.graph.node("If", ["yes"], ["y"]) { node in
        for branch in ["then_branch", "else_branch"] {
          node.attribute(branch) { graph in
            graph.node("Add", ["c", "r"], ["\(branch).sum"])
            graph.value(12, "\(branch).sum")
          }
        }
      }
    },
    Example(
      testDescription: "x · sigmoid(x) after a convolution", steps: ["Conv+BatchNormalization+Sigmoid+Mul"]
    ) {
      b in
      b.convolution("c")
      b.normalisation("n", "c")
      b.node("Sigmoid", ["n"], "g")
      b.node("Mul", ["g", "n"], "y")
    },
    Example(testDescription: "any function of one number", steps: ["Conv+Tanh", "Conv+Exp"]) { b in
      b.convolution("c")
      b.node("Tanh", ["c"], "t")
      b.convolution("d", "t")
      b.node("Exp", ["d"], "y")
    },
    Example(testDescription: "GELU as single nodes", steps: ["Div+Erf+Add+Mul+Mul"]) { b in
      b.weights("root", [], 1.41421356...1.41421356)
      b.weights("one", [], 1...1)
      b.weights("half", [1], 0.5...0.5)
      b.node("Div", ["x", "root"], "d")
      b.node("Erf", ["d"], "e")
      b.node("Add", ["e", "one"], "a")
      b.node("Mul", ["x", "a"], "m")
      b.node("Mul", ["m", "half"], "y")
    },
    Example(
      testDescription: "a layer norm as single nodes",
      steps: ["ReduceMean+Sub+Pow+ReduceMean+Add+Sqrt+Div+Mul+Add"]
    ) { b in
      b.layerNorm("x", shift: true)
    },
    Example(
      testDescription: "a norm of the mean without the values",
      steps: ["ReduceMean", "Sub", "Pow+ReduceMean+Add+Sqrt+Div+Mul+Add"]
    ) { b in
      b.layerNorm("x", shift: true, isReversed: true)
    },
    Example(
      testDescription: "a layer norm whose centred values are an output",
      steps: ["ReduceMean", "Sub", "Pow+ReduceMean+Add+Sqrt+Div+Mul"]
    ) { b in
      b.layerNorm("x", shift: false)
      b.graph.value(12, "centred")
    },
    Example(testDescription: "a norm without centring", steps: ["Pow+ReduceMean+Add+Sqrt+Div+Mul"]) { b in
      b.weights("two", [], 2...2)
      b.weights("epsilon", [], 0.25...0.25)
      b.weights("scale", [11], 0.5...2)
      b.node("Pow", ["x", "two"], "p")
      b.graph.node("ReduceMean", ["p"], ["v"]) { $0.attribute("axes", ints: [-1]) }
      b.node("Add", ["v", "epsilon"], "a")
      b.node("Sqrt", ["a"], "s")
      b.node("Div", ["x", "s"], "d")
      b.node("Mul", ["scale", "d"], "y")
    },
    Example(
      testDescription: "a chain with rows, planes and single numbers",
      steps: ["Sub+Mul+Mul+Add+Max+LeakyRelu"]
    ) { b in
      b.weights("row", [11])
      b.weights("plane", [8, 1, 1])
      b.weights("sample", [2, 8, 1, 1])
      b.weights("number", [1, 1], 0.5...0.5)
      b.node("Sub", ["row", "x"], "a")
      b.node("Mul", ["a", "a"], "b")
      b.node("Mul", ["b", "plane"], "c")
      b.node("Add", ["sample", "c"], "d")
      b.node("Max", ["d", "number"], "e")
      b.graph.node("LeakyRelu", ["e"], ["y"]) { $0.attribute("alpha", float: 0.25) }
    },
    Example(
      testDescription: "a chain that broadcasts in another way", steps: ["Mul+Abs", "Mul", "Abs"]
    ) { b in
      b.weights("w", [8, 1, 11])
      b.node("Mul", ["x", "w"], "m")
      b.node("Abs", ["m"], "y")
    },
    Example(testDescription: "a value that several nodes of a chain use", steps: ["Sub+Exp+Mul+Add"]) { b in
      b.weights("row", [11])
      b.node("Sub", ["x", "row"], "d")
      b.node("Exp", ["d"], "e")
      b.node("Mul", ["e", "d"], "m")
      b.node("Add", ["m", "d"], "y")
    },
    Example(testDescription: "a chain to a greater shape", steps: ["Unsqueeze", "Add+Sqrt", "Add", "Sqrt"]) {
      b in
      b.graph.int64s("axes", [1])
      b.node("Unsqueeze", ["x", "axes"], "u")
      b.weights("w", [3, 1, 12, 11], 1...2)
      b.node("Add", ["w", "u"], "a")
      b.node("Sqrt", ["a"], "y")
    },
    Example(
      testDescription: "a chain with a value that others need",
      steps: ["Neg", "Transpose", "Exp+Reciprocal+Add"],
      opset: 13
    ) { b in
      b.node("Neg", ["x"], "n")
      b.node("Exp", ["n"], "e")
      b.node("Reciprocal", ["e"], "r")
      b.graph.node("Transpose", ["n"], ["t"]) { $0.attribute("perm", ints: [0, 1, 2, 3]) }
      b.node("Add", ["r", "t"], "y")
    },
  ]

  @Test(
    "fused nodes give what the same nodes give one by one, and what the reference gives", arguments: examples)
  func agreement(example: Example) throws {
    #expect(Self.examples.count == 25)
    let bytes = ModelBytes.model(opset: example.opset) { graph in
      var builder = Builder(graph: graph)
      builder.graph.value(11, "x", [2, 8, 12, 11])
      example.build(&builder)
      builder.graph.value(12, "y")
      graph = builder.graph
    }
    let folder = try TemporaryFolder()
    let model = try Model(try ReadableFile(path: try folder.write(bytes, as: "m.onnx")))
    func run(_ backend: any Backend, _ profile: Profile? = nil) throws -> [[Float]] {
      let session = try Session(model, backend: backend)
      var generator = SeededGenerator(seed: 4)
      let x = try session.tensor(.float, [2, 8, 12, 11], for: "x") { bytes in
        for (index, _) in bytes.bindMemory(to: Float.self).enumerated() {
          bytes.bindMemory(to: Float.self)[index] = Float.random(in: -1...1, using: &generator)
        }
      }
      // Twice, the second time in memory that the first run has used.
      _ = try session.run(["x": x])
      return try session.run(["x": x], profile: profile).map(\.tensor.floats)
    }
    let profile = Profile()
    let fused = try run(FastBackend(threads: 2), profile)
    #expect(Set(profile.all.map(\.operation)) == Set(example.steps))
    let (single, wanted) = (
      try run(FastBackend(threads: 1, fuses: false)), try run(ReferenceBackend(threads: 1))
    )
    #expect(fused.count == wanted.count)
    for (index, exact) in wanted.enumerated() {
      #expect((exact.max() ?? 0) > 0.1)
      #expect(RandomTensors.isClose(single[index], exact))
      #expect(RandomTensors.isClose(fused[index], exact))
    }
    #expect(try run(FastBackend(threads: 1)) == fused)
  }

  @Test("an error behind a fused convolution names the node that it is of")
  func errors() throws {
    let bytes = ModelBytes.model { graph in
      var builder = Builder(graph: graph)
      builder.graph.value(11, "x", [1, 8, 5, 5])
      builder.graph.value(11, "z", [1, 8, 3, 5])
      builder.convolution("c")
      builder.node("Add", ["c", "z"], "a")
      builder.node("Relu", ["a"], "y")
      builder.graph.value(12, "y")
      graph = builder.graph
    }
    let folder = try TemporaryFolder()
    let model = try Model(try ReadableFile(path: try folder.write(bytes, as: "m.onnx")))
    let session = try Session(model, backend: .fast)
    let error = #expect(throws: InferenceError.self) {
      _ = try session.run([
        "x": try session.tensor(.float, [1, 8, 5, 5], for: "x") {
          $0.initializeMemory(as: UInt8.self, repeating: 0)
        },
        "z": try session.tensor(.float, [1, 8, 3, 5], for: "z") {
          $0.initializeMemory(as: UInt8.self, repeating: 0)
        },
      ])
    }
    #expect(error?.description.contains("'node-a'") == true, "\(String(describing: error))")
  }
}
