import ByteFiles
import ONNXGraph
import TestSupport
import Testing

@testable import Inference

/// Runs of one session with other extents each time.
@Suite("Changing shapes")
struct ShapeChangeTests {
  /// An attention of x: [batch, length, 24] with itself, a convolution along the length, and a shape that is computed.
  private static let model = ModelBytes.model(opset: 17) { graph in
    graph.value(11, "x")
    var generator = SeededGenerator(seed: 8)
    for (name, dims) in [
      ("wq", [24, 40]), ("wk", [24, 40]), ("wv", [24, 18]), ("c", [12, 18, 3]), ("s", [12]),
    ] {
      let numbers = (0..<dims.reduce(1, *)).map { _ in Float.random(in: -0.3...0.3, using: &generator) }
      graph.tensor(name, dims, raw: StoredWeightTests.bytes(of: numbers, .float))
    }
    graph.int64s("order", [0, -1, 12])
    for (name, weights) in [("q", "wq"), ("k", "wk"), ("v", "wv")] {
      graph.node("MatMul", ["x", weights], [name])
    }
    graph.node("Transpose", ["k"], ["kt"]) { $0.attribute("perm", ints: [0, 2, 1]) }
    graph.node("MatMul", ["q", "kt"], ["scores"])
    graph.node("Softmax", ["scores"], ["p"])
    graph.node("MatMul", ["p", "v"], ["a"])
    graph.node("Transpose", ["a"], ["channels"]) { $0.attribute("perm", ints: [0, 2, 1]) }
    graph.node("Conv", ["channels", "c"], ["convolved"]) { $0.attribute("pads", ints: [1, 1]) }
    graph.node("Relu", ["convolved"], ["r"])
    graph.node("Transpose", ["r"], ["rows"]) { $0.attribute("perm", ints: [0, 2, 1]) }
    graph.node("Reshape", ["rows", "order"], ["again"])
    graph.node("LayerNormalization", ["again", "s"], ["y"])
    graph.value(12, "y")
  }

  private static func input(_ session: Session, _ batch: Int, _ length: Int) throws -> Tensor {
    try session.tensor(.float, [batch, length, 24], for: "x") { bytes in
      var generator = SeededGenerator(seed: UInt64(batch * 1000 + length))
      let numbers = (0..<batch * length * 24).map { _ in Float.random(in: -1...1, using: &generator) }
      bytes.copyBytes(from: StoredWeightTests.bytes(of: numbers, .float))
    }
  }

  @Test(
    "batch and length grow and shrink, and every run gives what a new session gives",
    arguments: BackendKind.allCases)
  func results(backend: BackendKind) throws {
    let folder = try TemporaryFolder()
    let model = try Model(try ReadableFile(path: try folder.write(Self.model, as: "m.onnx")))
    let session = try Session(model, backend: backend, threads: 2)
    for (batch, length) in [(1, 5), (3, 9), (2, 70), (7, 33), (1, 1), (5, 64), (4, 2), (1, 130), (3, 9)] {
      let fresh = try Session(model, backend: backend, threads: 2)
      let found = try session.run(["x": try Self.input(session, batch, length)])[0].tensor
      let wanted = try fresh.run(["x": try Self.input(fresh, batch, length)])[0].tensor
      #expect(found.shape == [batch, length, 12])
      #expect(found.floats == wanted.floats, "\(batch), \(length)")
    }
  }

  @Test("memory that later runs do not need is given back")
  func memory() throws {
    let folder = try TemporaryFolder()
    let model = try Model(try ReadableFile(path: try folder.write(Self.model, as: "m.onnx")))
    let session = try Session(model, backend: .fast)
    func run(_ batch: Int, _ length: Int) throws {
      _ = try session.run(["x": try Self.input(session, batch, length)])
    }
    try run(4, 500)
    let largest = session.pooledBytes
    #expect(largest > 4 << 20)
    // Each length has other sizes of blocks; without giving them back, the pool would have all of them.
    var greatest = 0
    for length in 0..<60 {
      try run(4, 500 - 7 * length)
      greatest = max(greatest, session.pooledBytes)
    }
    #expect(greatest < 12 * largest)
    for _ in 0..<20 { try run(1, 60) }
    #expect(session.pooledBytes < largest / 10)
  }
}
