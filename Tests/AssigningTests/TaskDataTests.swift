import Tensors
import TestSupport
import Testing
import UnitModel

@testable import Assigning

@Suite("Data of tasks")
struct TaskDataTests {
  /// Row i of every array is made of bytes i.
  private static func source(_ rows: KeyValuePairs<String, Int>, width: Int = 3) throws -> MemorySource {
    let specs = try rows.map { name, rows in
      try TensorSpec(
        name: TensorName(name), dtype: .u8, shape: name.contains("labels") ? [rows] : [rows, width])
    }
    return MemorySource(
      specs,
      bytes: specs.map { spec in
        let width = spec.shape.count == 1 ? 1 : width
        return (0..<spec.shape[0]).flatMap { [UInt8](repeating: UInt8($0), count: width) }
      })
  }

  @Test("the same samples are chosen from every array, in any number", arguments: [1, 2, 19, 20, 99])
  func chosen(_ count: Int) throws {
    // Rows of over a megabyte end inside windows.
    for width in [3, 700_001] {
      let data = TaskData(
        try Self.source(["x": 20, "t.y": 20, "labels": 20], width: width), count: count, seed: 4)
      let samples = try data.samples(["x", "y"], withLabels: true, for: "t")
      #expect(samples.count == min(count, 20) && samples.inputs.map(\.name) == ["x", "y"])
      let labels = try #require(samples.labels).bytes
      #expect(labels.count == samples.count && Set(labels).count == labels.count && labels == labels.sorted())
      for (_, rows) in samples.inputs {
        #expect(rows.bytes == labels.flatMap { [UInt8](repeating: $0, count: width) })
      }
    }
  }

  @Test("another seed chooses other samples, and the same seed the same")
  func seeds() throws {
    func rows(_ seed: Int) throws -> [UInt8]? {
      try TaskData(try Self.source(["x": 200, "labels": 200]), count: 9, seed: seed)
        .samples(["x"], withLabels: true, for: "t").labels?.bytes
    }
    #expect(try Set((1...20).map { try rows($0) }).count == 20)
    #expect(try rows(7) == rows(7))
  }

  @Test("arrays of other lengths are refused before any are chosen, and so are too many bytes")
  func refused() throws {
    for rows in [19, 21] {
      let data = TaskData(try Self.source(["x": 20, "labels": rows]), count: 5)
      #expect(throws: LearningError.self) { try data.samples(["x"], withLabels: true, for: "t") }
      #expect(try data.samples(["x"], withLabels: false, for: "t").count == 5)
    }
    let source = try Self.source(["x": 20, "labels": 20])
    #expect(throws: LearningError.self) {
      try TaskData(source, byteLimit: 79).samples(["x"], withLabels: true, for: "t")
    }
    #expect(try TaskData(source, byteLimit: 80).samples(["x"], withLabels: true, for: "t").count == 20)
    #expect(throws: LearningError.self) { try TaskData(source).samples(["z"], withLabels: false, for: "t") }
  }
}
