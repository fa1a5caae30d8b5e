import ByteFiles
import Conversion
import FlatFormats
import Foundation
import TensorStreams
import TestSupport
import Testing
import Validation

@testable import UnitCheckpoints

@Suite("Stored graphs")
struct StoredGraphTests {
  @Test("the same files come back from the golden checkpoint")
  func golden() throws {
    let folder = try TemporaryFolder()
    let path = try StoredGraph.write(in: folder)
    let checkpoint = try UnitCheckpoint(try ReadableFile(path: GoldenCheckpoint.graph.path))
    try FileManager.default.createDirectory(
      atPath: folder.file("back"), withIntermediateDirectories: false)
    let sink = try FlatFormats.sink(
      kind: .onnx, path: folder.file("back/model.onnx"), specs: checkpoint.index.tensors.map(\.spec),
      hollowFiles: try checkpoint.base().hollowFiles(for: .onnx))
    try CopyTensors(checkpoint, to: sink).run { _ in }
    for name in StoredGraph.files {
      #expect(
        try TemporaryFolder.bytes(of: folder.file(name))
          == TemporaryFolder.bytes(of: folder.file("back/\(name)")))
    }
    let findings = try FileValidation.findings(
      in: ReadableFile(path: GoldenCheckpoint.graph.path), deep: true)
    #expect(findings.isEmpty, "\(findings)")
    // The tensor `shape` has no hole and stays in the graph.
    #expect(try checkpoint.base().hollowFiles(for: .onnx)?.map(\.holes.count) == [3, 1])
    #expect(path.hasSuffix("model.onnx"))
  }

  @Test("every hole that is moved, or filled by another tensor, is found")
  func everyHole() throws {
    let original = try CheckpointForger(path: GoldenCheckpoint.graph.path)
    let checkpoint = try UnitCheckpoint(try ReadableFile(path: GoldenCheckpoint.graph.path))
    let holes = try #require(try checkpoint.base().hollowFiles(for: .onnx)).map(\.holes)
    let folder = try TemporaryFolder()
    var count = 0
    // External data is left out: without reading it, the stored graph accepts any place in its file.
    for hole in holes[0] {
      for step in [-1, 1] {
        var forger = original
        let text = String(decoding: forger.tables.source, as: UTF8.self)
        let (old, new) = ("\(hole.position)", "\(hole.position + step)")
        let changed = text.replacingOccurrences(of: old, with: new)
        try #require(changed.utf8.count == text.utf8.count && changed != text)
        forger.tables.source = Array(changed.utf8)
        let path = try folder.write(try forger.sealed(), as: "m.h5")
        let findings = try FileValidation.findings(in: ReadableFile(path: path), deep: false)
        #expect(
          findings.contains { $0.rule == .storedGraph && $0.severity == .error },
          "\(old) → \(new): \(findings)")
        count += 1
      }
    }
    #expect(count == 6)
  }
}
