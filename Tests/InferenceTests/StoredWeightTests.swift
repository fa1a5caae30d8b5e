import ByteFiles
import ONNXGraph
import TestSupport
import Testing

@testable import Inference

/// Weights that stay in the form in which the model stores them, and F16 and BF16 in the fast backend, compared with the
/// reference.
@Suite("Stored weights")
struct StoredWeightTests {
  /// The types of ONNX in these graphs, by their numbers there.
  enum Kind: Int {
    case float = 1, uint8, int8
    case half = 10
    case brain = 16, e4m3, e5m2 = 19
    case uint4 = 21, int4, uint2 = 25, int2
  }

  /// A graph of x: [rows, 96] whose outputs are y, y2, ….
  struct Example: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var x = Kind.float
    var outputs = 1
    /// The extents of x after the rows.
    var shape = [96]
    let build: @Sendable (inout Builder) -> Void
  }

  struct Builder {
    var graph: WireWriter
    var generator = SeededGenerator(seed: 21)

    /// An initializer of random numbers between −1 and 1, or of random integers.
    mutating func weights(_ name: String, _ kind: Kind, _ dims: [Int], scale: Float = 1) {
      let count = dims.reduce(1, *)
      let bytes: [UInt8]
      switch kind {
      case .float, .half, .brain:
        let numbers = (0..<count).map { _ in Float.random(in: -1...1, using: &generator) * scale }
        bytes = StoredWeightTests.bytes(of: numbers, kind)
      // Without infinities and NaNs.
      case .e4m3: bytes = generator.bytes(count).map { $0 & 0x80 | $0 % 0x70 }
      case .e5m2: bytes = generator.bytes(count).map { $0 & 0x80 | $0 % 0x50 }
      case .uint8, .int8: bytes = generator.bytes(count)
      case .uint4, .int4: bytes = generator.bytes((count + 1) / 2)
      case .uint2, .int2: bytes = generator.bytes((count + 3) / 4)
      }
      graph.tensor(name, type: kind.rawValue, dims, raw: bytes)
    }

    mutating func node(
      _ operation: String, _ inputs: [String], _ output: String, domain: String = "",
      _ attributes: ModelBytes.Build = { _ in }
    ) {
      graph.node(operation, inputs, [output], name: "node-\(output)", domain: domain, attributes: attributes)
    }

    /// w.f = (w − w.z) · w.s
    mutating func dequantised(
      _ name: String, _ kind: Kind, _ dims: [Int], scales: [Int], type: Kind = .float, zeros: Bool = true,
      axis: Int = 0, block: Int = 0
    ) {
      weights(name, kind, dims)
      weights("\(name).s", type, scales, scale: 0.1)
      if zeros { weights("\(name).z", kind, scales) }
      node("DequantizeLinear", [name, "\(name).s"] + (zeros ? ["\(name).z"] : []), "\(name).f") {
        $0.attribute("axis", int: axis)
        if block > 0 { $0.attribute("block_size", int: block) }
      }
    }
  }

  static func bytes(of numbers: [Float], _ kind: Kind) -> [UInt8] {
    numbers.flatMap { number in
      switch kind {
      case .half: withUnsafeBytes(of: Float16(number).bitPattern.littleEndian) { Array($0) }
      case .brain: withUnsafeBytes(of: BFloat16(narrowing: Double(number)).bits.littleEndian) { Array($0) }
      default: withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
      }
    }
  }

  /// Weights of 96 × 80 or 80 × 96 elements are large enough to stay as they are.
  static let examples: [Example] = [
    Example(testDescription: "F16 between F16 nodes", x: .half) { b in
      b.weights("w", .half, [96, 80])
      b.weights("c", .half, [80])
      b.node("MatMul", ["x", "w"], "m")
      b.node("Add", ["m", "c"], "a")
      b.node("Gelu", ["a"], "g")
      b.node("Softmax", ["g"], "y")
    },
    Example(testDescription: "BF16, transposed, scaled, with a bias", x: .brain) { b in
      b.weights("w", .brain, [80, 96])
      b.weights("c", .brain, [80])
      b.node("Gemm", ["x", "w", "c"], "y") {
        $0.attribute("transB", int: 1)
        $0.attribute("alpha", float: 0.5)
        $0.attribute("beta", float: 2)
      }
    },
    Example(testDescription: "F16 weights on the left, transposed") { b in
      b.weights("w", .half, [96, 80])
      b.node("Cast", ["w"], "f") { $0.attribute("to", int: 1) }
      b.node("Transpose", ["x"], "t")
      b.node("Gemm", ["f", "t"], "y") { $0.attribute("transA", int: 1) }
    },
    Example(testDescription: "casts of F16, BF16 and floats of eight bits", outputs: 4) { b in
      for (place, kind) in [Kind.half, .brain, .e4m3, .e5m2].enumerated() {
        b.weights("w\(place)", kind, [96, 80])
        b.node("Cast", ["w\(place)"], "f\(place)") { $0.attribute("to", int: 1) }
        b.node("MatMul", ["x", "f\(place)"], place == 0 ? "y" : "y\(place + 1)")
      }
    },
    Example(testDescription: "integers with one scale, and with one for each row or column", outputs: 4) {
      b in
      b.dequantised("a", .int8, [96, 80], scales: [])
      b.dequantised("b", .uint8, [96, 80], scales: [96])
      b.dequantised("c", .int8, [96, 80], scales: [80], axis: 1)
      b.dequantised("d", .int2, [96, 80], scales: [80], axis: -1)
      for (place, name) in ["a", "b", "c", "d"].enumerated() {
        b.node("MatMul", ["x", "\(name).f"], place == 0 ? "y" : "y\(place + 1)")
      }
    },
    Example(testDescription: "integers and small floats with a scale for each block", outputs: 5) { b in
      b.dequantised("a", .int4, [96, 80], scales: [3, 80], axis: 0, block: 32)
      b.dequantised("b", .uint4, [96, 80], scales: [96, 5], axis: 1, block: 16)
      b.dequantised("c", .uint4, [96, 81], scales: [96, 6], zeros: false, axis: 1, block: 16)
      b.dequantised("d", .e4m3, [96, 80], scales: [7, 80], zeros: false, axis: 0, block: 15)
      b.dequantised("e", .uint2, [96, 80], scales: [96, 80], axis: 1, block: 1)
      for (place, name) in ["a", "b", "c", "d", "e"].enumerated() {
        b.node("MatMul", ["x", "\(name).f"], place == 0 ? "y" : "y\(place + 1)")
      }
    },
    Example(testDescription: "dequantised to F16 and BF16", x: .half, outputs: 2) { b in
      b.dequantised("a", .int4, [96, 80], scales: [3, 80], type: .half, axis: 0, block: 32)
      b.node("MatMul", ["x", "a.f"], "y")
      b.dequantised("b", .int8, [96, 80], scales: [80], type: .brain, axis: 1)
      b.node("Cast", ["x"], "z") { $0.attribute("to", int: 16) }
      b.node("MatMul", ["z", "b.f"], "y2")
    },
    Example(testDescription: "users that need all elements", outputs: 3) { b in
      b.dequantised("a", .int4, [80, 96], scales: [80], axis: 0)
      b.node("Transpose", ["a.f"], "t")
      b.node("MatMul", ["x", "t"], "y")
      b.node("Identity", ["a.f"], "y2")
      b.weights("h", .half, [80, 96])
      b.node("Cast", ["h"], "y3") { $0.attribute("to", int: 1) }
    },
    Example(testDescription: "a packed weight with another user", outputs: 2) { b in
      b.dequantised("a", .int4, [96, 80], scales: [], zeros: false)
      b.node("MatMul", ["x", "a.f"], "y")
      b.node("Cast", ["a"], "y2") { $0.attribute("to", int: 1) }
    },
    Example(testDescription: "a branch that multiplies with weights of the graph around it") { b in
      b.dequantised("a", .int8, [96, 80], scales: [80], axis: 1)
      b.graph.tensor("yes", type: 9, [], raw: [1])
      b.node("If", ["yes"], "y") { node in
        for branch in ["then_branch", "else_branch"] {
          node.attribute(branch) { graph in
            graph.node("MatMul", ["x", "a.f"], ["\(branch).y"])
            graph.node("Softmax", ["\(branch).y"], ["\(branch).s"])
            graph.value(12, "\(branch).s")
          }
        }
      }
    },
    Example(testDescription: "MatMulNBits of 2, 4 and 8 bits", outputs: 4) { b in
      for (place, bits) in [2, 4, 8, 4].enumerated() {
        b.weights("w\(place)", .uint8, [80, 3, 4 * bits])
        b.weights("s\(place)", .float, [240], scale: 0.1)
        b.weights("z\(place)", .uint8, [80, (3 * bits + 7) / 8])
        b.node(
          "MatMulNBits", ["x", "w\(place)", "s\(place)"] + (place == 3 ? [] : ["z\(place)"]),
          place == 0 ? "y" : "y\(place + 1)", domain: "com.microsoft"
        ) {
          $0.attribute("K", int: 96)
          $0.attribute("N", int: 80)
          $0.attribute("bits", int: bits)
          $0.attribute("block_size", int: 32)
        }
      }
    },
    Example(testDescription: "convolutions of F16", x: .half, outputs: 4, shape: [12, 9, 11]) { b in
      b.weights("w", .half, [70, 12, 3, 3])
      b.weights("c", .half, [70])
      b.node("Conv", ["x", "w", "c"], "a") { $0.attribute("pads", ints: [1, 1, 1, 1]) }
      b.node("Relu", ["a"], "y")
      b.weights("d", .half, [12, 1, 5, 5])
      b.node("Conv", ["x", "d"], "y2") { $0.attribute("group", int: 12) }
      b.weights("t", .half, [12, 7, 2, 2])
      b.node("ConvTranspose", ["x", "t"], "y3") { $0.attribute("strides", ints: [2, 2]) }
      b.node("MaxPool", ["x"], "p") { $0.attribute("kernel_shape", ints: [3, 2]) }
      b.node("GlobalAveragePool", ["p"], "y4")
    },
    Example(testDescription: "a convolution of quantised weights, with its end", shape: [12, 9, 11]) { b in
      b.dequantised("w", .int8, [70, 12, 3, 3], scales: [70], axis: 0)
      b.node("Conv", ["x", "w.f"], "a") { $0.attribute("pads", ints: [1, 1, 1, 1]) }
      b.node("Relu", ["a"], "y")
    },
    Example(testDescription: "BF16 norms, sums and functions", x: .brain, outputs: 3) { b in
      b.weights("s", .brain, [96])
      b.weights("c", .brain, [96])
      b.node("LayerNormalization", ["x", "s", "c"], "n")
      b.node("Sigmoid", ["n"], "g")
      b.node("Mul", ["n", "g"], "m")
      b.node("Sub", ["m", "x"], "y")
      b.node("LogSoftmax", ["x"], "y2")
      b.weights("k", .brain, [])
      b.node("Div", ["s", "k"], "d")
      b.node("Max", ["d", "x"], "y3")
    },
  ]

  private static func model(_ example: Example) -> [UInt8] {
    ModelBytes.model(
      opset: 25, ir: 11,
      more: { model in
        model.message(8) { set in
          set.text(1, "com.microsoft")
          set.int(2, 1)
        }
      },
      graph: { graph in
        var builder = Builder(graph: graph)
        builder.graph.value(11, "x", type: example.x.rawValue)
        example.build(&builder)
        for number in 1...example.outputs { builder.graph.value(12, number == 1 ? "y" : "y\(number)") }
        graph = builder.graph
      })
  }

  @Test("results are those of the reference, on any number of threads", arguments: examples)
  func agreement(example: Example) throws {
    let folder = try TemporaryFolder()
    let model = try Model(
      try ReadableFile(path: try folder.write(Self.model(example), as: "m.onnx")))
    for rows in [1, 3, 20] {
      func run(_ backend: any Backend, observes: Bool = false) throws -> [Tensor] {
        let session = try Session(model, backend: backend)
        let shape = [rows] + example.shape
        var generator = SeededGenerator(seed: 4)
        let numbers = (0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &generator) }
        let type: ElementType = example.x == .half ? .float16 : example.x == .brain ? .bfloat16 : .float
        let x = try session.tensor(type, shape, for: "x") {
          $0.copyBytes(from: Self.bytes(of: numbers, example.x))
        }
        _ = try session.run(["x": x])
        let observer: @Sendable (String, Tensor) -> Void = { _, _ in }
        return try session.run(["x": x], observer: observes ? observer : nil).map { $0.tensor }
      }
      let (found, wanted) = (
        try run(FastBackend(threads: 1)), try run(ReferenceBackend(threads: 1))
      )
      #expect(found.count == example.outputs && wanted.count == example.outputs)
      for (place, (a, b)) in zip(found, wanted).enumerated() {
        #expect(a.type == b.type && a.shape == b.shape)
        let (numbers, exact) = (Closeness.numbers(a), Closeness.numbers(b))
        let greatest = exact.reduce(0) { max($0, $1.magnitude) }
        #expect(greatest > 0.01 && greatest.isFinite)
        // One rounding of a result, and those of the values in between.
        let bound = a.type == .float16 ? 0x1p-9 : a.type == .bfloat16 ? 0x1p-6 : 1e-5
        let worst = zip(numbers, exact).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
        #expect(worst <= bound * greatest + 1e-6, "output \(place), \(rows) rows: \(worst) of \(greatest)")
      }
      for other in [
        try run(FastBackend(threads: 3)), try run(FastBackend(threads: 2), observes: true),
      ] {
        for (a, b) in zip(found, other) {
          let isSame = a.withBytes { a in b.withBytes { a.elementsEqual($0) } }
          #expect(isSame)
        }
      }
    }
  }

  @Test("a run needs little more memory than the stored weights take")
  func memory() throws {
    let folder = try TemporaryFolder()
    let size = 1024
    for (kind, bytes) in [(Kind.half, 2 * size * size), (.e4m3, size * size), (.int4, size * size / 2)] {
      let example = Example(testDescription: "") { b in
        if kind == .int4 {
          b.dequantised("w", kind, [size, size], scales: [size / 64, size], axis: 0, block: 64)
        } else {
          b.weights("w", kind, [size, size])
          b.node("Cast", ["w"], "w.f") { $0.attribute("to", int: 1) }
        }
        b.node("MatMul", ["x", "w.f"], "y")
      }
      let file = try ReadableFile(path: try folder.write(Self.model(example), as: "\(kind).onnx"))
      var limits = RunLimits()
      limits.bytes = bytes + 900_000
      let session = try Session(try Model(file), backend: .fast, limits: limits)
      for rows in [1, 5] {
        let x = try session.tensor(.float, [rows, size], for: "x") {
          $0.initializeMemory(as: UInt8.self, repeating: 0)
        }
        #expect(try session.run(["x": x])[0].tensor.shape == [rows, size])
      }
    }
  }
}
