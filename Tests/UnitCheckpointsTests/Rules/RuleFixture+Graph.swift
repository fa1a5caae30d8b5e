import ONNXGraph
import TestSupport
import Testing
import Validation

@testable import UnitCheckpoints

extension RuleFixture {
  /// The golden checkpoint with a graph, with a change in its record of files.
  private static func record(
    _ rule: RuleID, _ label: String, _ old: String, _ new: String, says words: String...
  ) -> RuleFixture {
    RuleFixture(rule: rule, severity: .error, label: label, words: words) { folder in
      var forger = try CheckpointForger(path: GoldenCheckpoint.graph.path)
      let record = String(decoding: forger.tables.source, as: UTF8.self)
      let changed = record.replacing(old, with: new, maxReplacements: 1)
      try #require(changed != record)
      forger.tables.source = Array(changed.utf8)
      return try folder.write(try forger.sealed(), as: "m.h5")
    }
  }

  /// Graphs whose holes and tensors do not fit together.
  static let graph = [
    record(
      .storedGraph, "holes that overlap", "[300, 24", "[285, 24", says: "hole 1", "byte 286 or later", "285"),
    record(
      .storedGraph, "a hole outside its file", "[404, 12", "[904, 12", says: "hole 2", "or earlier", "904"),
    record(.storedGraph, "a tensor twice", "[300, 24, 1]", "[300, 96, 0]", says: "'up'", "second time"),
    record(.storedGraph, "bytes without holes", #""holes""#, #""holed""#, says: "file 0", "without holes"),
    record(.storedGraph, "external data elsewhere", "side.bin", "../e.bin", says: "file 1", "../e.bin"),
    record(
      .storedGraph, "external data without a name", #""name""#, #""nome""#, says: "file 1", "found none"),
    forged(.storedGraph, "a tensor of another name", .graph, says: "'shoft'") {
      try $0.replaceInHeaders(Array("shiftJ".utf8), by: Array("shoftJ".utf8))
    },
    forged(.storedGraph, "no model", .graph, says: "an ONNX model") {
      try $0.replaceInHeaders(Array("MatMul".utf8), by: [0x4D, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF])
    },
    RuleFixture(
      rule: .graph, severity: .error, label: "a value that no node makes", words: ["'nowhere'"]
    ) { folder in
      let model = ModelBytes.model { graph in
        graph.node("Add", ["x", "nowhere"], ["y"], name: "sum")
        graph.text(2, "g")
        graph.ones("w", [3])
        graph.value(11, "x", [3])
        graph.value(12, "y", [3])
      }
      return try folder.write(model, as: "m.onnx")
    },
    record(
      .sourceHeader, "a hole of no tensor's length", "[404, 12", "[404, 11", says: "a hole as its position"),
    record(
      .sourceHeader, "a graph without its bytes", #""header": 0"#, #""headex": 0"#,
      says: "for each of 2 headers"),
  ]
}
