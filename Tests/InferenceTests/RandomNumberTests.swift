import ByteFiles
import Inference
import ONNXGraph
import TestSupport
import Testing

/// The numbers of random operators; their distributions are tested by the cases of randoms.py.
@Suite("Random numbers")
struct RandomNumberTests {
  /// Two nodes without a seed, then two with the same one.
  static let model = ModelBytes.model(opset: 13) { graph in
    for (index, seed) in ([nil, nil, 3, 3] as [Float?]).enumerated() {
      graph.node("RandomUniform", [], ["y\(index)"]) { node in
        node.attribute("shape", ints: [2, 3])
        if let seed { node.attribute("seed", float: seed) }
      }
      graph.value(12, "y\(index)")
    }
  }

  @Test("runs, sessions and backends draw the same numbers; nodes differ unless they have the same seed")
  func repeats() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.model, as: "m.onnx")
    var drawn: Set<[[UInt8]]> = []
    for backend in BackendKind.allCases {
      let session = try Session(Model(ReadableFile(path: path)), backend: backend, threads: 2)
      for _ in 0..<2 {
        drawn.insert(try session.run([:]).map { output in output.tensor.withBytes { Array($0) } })
      }
    }
    let numbers = try #require(drawn.first)
    #expect(drawn.count == 1)
    #expect(numbers.map(\.count) == [24, 24, 24, 24])
    #expect(Set(numbers).count == 3)
    #expect(numbers[2] == numbers[3])
  }
}
