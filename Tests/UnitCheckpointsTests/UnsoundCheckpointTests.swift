import ByteFiles
import Foundation
import TestSupport
import Testing
import Validation

@testable import UnitCheckpoints

/// What `validate` calls an error in index, plan or source keeps every command from the file.
@Suite("Unsound checkpoints")
struct UnsoundCheckpointTests {
  /// A forgery that opening alone does not see.
  struct Forgery: CustomTestStringConvertible, Sendable {
    let label: String
    /// Where the sound checkpoint is; it may be made in the folder.
    let path: @Sendable (TemporaryFolder) throws -> String
    let change: @Sendable (inout CheckpointForger) throws -> Void
    var testDescription: String { label }

    /// Replaces text of the same length in a table.
    static func text(
      _ label: String, _ golden: GoldenCheckpoint, _ table: LayoutV1.Table, _ old: String, _ new: String
    ) -> Forgery {
      Forgery(label: label, path: UnsoundCheckpointTests.golden(golden)) { forger in
        let text = String(decoding: forger[table], as: UTF8.self)
        let changed = text.replacingOccurrences(of: old, with: new)
        try #require(changed != text && changed.utf8.count == text.utf8.count, "\(text)")
        forger[table] = Array(changed.utf8)
      }
    }
  }

  private static func golden(_ golden: GoldenCheckpoint) -> @Sendable (TemporaryFolder) throws -> String {
    let path = golden.path
    return { _ in path }
  }

  static let forgeries: [Forgery] = [
    .text("a plan that takes another tensor for the axis", .grid, .plan, "\"bias\"", "\"bios\""),
    .text("a plan that cuts otherwise than the tables", .grid, .plan, "[3, 1, 4]", "[4, 1, 3]"),
    .text("a plan with another order of parts", .scattered, .plan, "[0, 3, 8]", "[0, 2, 8]"),
    .text("a private tensor in the plan alone", .privates, .plan, "\"head.b\"]", "\"body\"  ]"),
    .text("a record of another format", .grid, .source, "tessera.source/1", "tessera.source/9"),
    .text("a shard that leads elsewhere", .sharded, .source, "shards-00001-of", "../rds-00001-of"),
    Forgery(label: "a graph that is garbage", path: golden(.graph)) { forger in
      forger[header: 0] = forger[header: 0].map { _ in 0xFF }
    },
    Forgery(
      label: "two holes of one size, swapped",
      path: { folder in
        let model = ModelBytes.model { graph in
          graph.value(11, "x", [2, 2])
          graph.tensor("v", [2, 2], raw: [UInt8](repeating: 0x3E, count: 16))
          graph.tensor("w", [2, 2], raw: [UInt8](repeating: 0x3F, count: 16))
          graph.node("MatMul", ["x", "v"], ["h"])
          graph.node("MatMul", ["h", "w"], ["y"])
          graph.value(12, "y", [2, 2])
        }
        _ = try folder.write(model, as: "m.onnx")
        let run = try Subprocess.run(Peers.tessera, ["convert", "m.onnx", "m.h5"], directory: folder.path)
        #expect(run.ending == .exited(0), "\(run.errorText)")
        try FileManager.default.removeItem(atPath: folder.file("m.onnx"))
        return folder.file("m.h5")
      }
    ) { forger in
      let text = String(decoding: forger[.source], as: UTF8.self)
      let changed = text.replacing(", 16, 0]", with: ", 16, ?]").replacing(", 16, 1]", with: ", 16, 0]")
        .replacing(", 16, ?]", with: ", 16, 1]")
      try #require(changed != text)
      forger[.source] = Array(changed.utf8)
    },
  ]

  static let lines = [
    ["inspect", "m.h5"], ["count", "m.h5"], ["count", "m.h5", "--roles"], ["count", "m.h5", "--work"],
    ["convert", "m.h5", "o.npz"], ["convert", "m.h5", "o.safetensors"], ["convert", "m.h5", "o.onnx"],
    ["convert", "m.h5", "o/"], ["extract", "m.h5", "o.npz", "--task", "a", "--level", "1"],
    ["extract", "m.h5", "o.onnx", "--task", "a", "--level", "1"], ["run", "m.h5", "--output", "o.npz"],
    ["verify", "m.h5", "m.h5"], ["diff", "m.h5", "m.h5"], ["plan", "m.h5", "--units", "2", "--cut", "*=a"],
  ]

  @Test("no command reads one, and validate has an error", arguments: forgeries)
  func refused(forgery: Forgery) throws {
    let folder = try TemporaryFolder()
    var forger = try CheckpointForger(path: try forgery.path(folder))
    try forgery.change(&forger)
    let path = try folder.write(forger.sealed(), as: "m.h5")
    let findings = try FileValidation.findings(in: ReadableFile(path: path), deep: false)
    #expect(findings.contains { $0.severity == .error }, "\(findings)")
    for line in Self.lines {
      let run = try Subprocess.run(Peers.tessera, line, directory: folder.path, timeout: 20)
      #expect(run.ending == .exited(2), "\(line): \(run.ending) \(run.outputText)")
      #expect(run.errorText.hasPrefix("tessera: m.h5: "), "\(line): \(run.errorText)")
      #expect(run.errorText.split(separator: "\n").count == 1)
      #expect(run.output.isEmpty)
    }
    #expect(try folder.names() == ["m.h5"])
  }

  @Test("an address that leads into another dataset is refused when it is read, whatever the checksums say")
  func address() throws {
    var tried = 0
    for golden in GoldenCheckpoint.all {
      let rows = try UnitCheckpoint(try ReadableFile(path: golden.path)).index.datasets
      for (first, row) in rows.enumerated() where row.byteCount > 0 && row.address != nil {
        for second in rows.indices.dropFirst(first + 1)
        where rows[second].byteCount == row.byteCount && rows[second].address != nil {
          let folder = try TemporaryFolder()
          var forger = try CheckpointForger(path: golden.path)
          forger.dataset(first) { $0.address = UInt64(rows[second].address ?? 0) }
          forger.dataset(second) { $0.address = UInt64(row.address ?? 0) }
          let forged = try UnitCheckpoint(
            try ReadableFile(path: try folder.write(forger.sealed(), as: "m.h5")))
          // Where the first or the last dataset moved, all are found by path.
          guard forged.isPlacementValid else { continue }
          let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: row.byteCount, alignment: 8)
          defer { buffer.deallocate() }
          for number in [first, second] {
            let error = #expect(throws: CheckpointError.self) {
              try forged.read(dataset: number, at: 0, into: buffer)
            }
            #expect(error?.defect == .datasetStorage)
          }
          tried += 1
        }
      }
    }
    #expect(tried >= 3)
  }

  @Test(
    "a writer refuses the names that a reader refuses, and writes every other",
    arguments: [65_535, 65_536, 262_144])
  func names(count: Int) throws {
    let folder = try TemporaryFolder()
    let name = String(repeating: "n", count: count)
    _ = try folder.write(
      SampleWeights.bytes([(name, "F32", [2]), ("b", "F32", [40_000])]), as: "w.safetensors")
    var written = 0
    for (dest, more) in [
      ("o.h5", []), ("c.h5", ["--compress"]), ("o.npz", []), ("o.pt", []), ("o.safetensors", []), ("s/", []),
      ("t/", ["--shard-size", "9"]),
    ] {
      let run = try Subprocess.run(
        Peers.tessera, ["convert", "w.safetensors", dest] + more, directory: folder.path)
      if run.ending == .exited(0) {
        let equal = try Subprocess.run(
          Peers.tessera, ["diff", "w.safetensors", dest], directory: folder.path)
        #expect(equal.ending == .exited(0), "\(dest): \(equal.outputText.prefix(200))")
        let good = try Subprocess.run(Peers.tessera, ["validate", "--deep", dest], directory: folder.path)
        #expect(good.ending == .exited(0), "\(dest): \(good.outputText.prefix(200))")
        written += 1
      } else {
        #expect(run.ending == .exited(2), "\(dest)")
        #expect(run.errorText.contains("expected"), "\(dest)")
        #expect(!FileManager.default.fileExists(atPath: folder.file(dest)), "\(dest)")
      }
    }
    // safetensors has no limit but the header's, PyTorch's reader takes 65,536 bytes, and npz needs four for ".npy".
    #expect(written == [65_535: 6, 65_536: 4, 262_144: 3][count])
  }
}
