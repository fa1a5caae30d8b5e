import ByteFiles
import Conversion
import FlatFormats
import Foundation
import TestSupport
import Testing
import Validation

@testable import UnitCheckpoints

@Suite("Stored shards")
struct StoredShardsTests {
  private static func open(_ path: String) throws -> UnitCheckpoint {
    try UnitCheckpoint(try ReadableFile(path: path))
  }

  /// Writes the checkpoint's shards to a folder; throws the errors of the writer of a set.
  private static func writeShards(of path: String, to destination: String) throws {
    let checkpoint = try open(path)
    let sink = try FlatFormats.sink(
      kind: .shardedSafetensors, path: destination, specs: checkpoint.index.tensors.map(\.spec),
      shardSet: try checkpoint.base().shardSet())
    try CopyTensors(checkpoint, to: sink).run { _ in }
  }

  @Test("the same shards and the same index come back")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    try GoldenCheckpoint.sharded.write(to: folder.file("m.h5"), in: folder)
    try Self.writeShards(of: folder.file("m.h5"), to: folder.file("back/"))
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("shards")).sorted()
    #expect(try names == FileManager.default.contentsOfDirectory(atPath: folder.file("back")).sorted())
    #expect(names.count == 3)
    for name in names {
      #expect(
        try TemporaryFolder.bytes(of: folder.file("shards/\(name)"))
          == TemporaryFolder.bytes(of: folder.file("back/\(name)")))
    }
    #expect(try FileValidation.findings(in: ReadableFile(path: folder.file("m.h5")), deep: true).isEmpty)
  }

  @Test(
    "a hostile checkpoint's names and index write nothing",
    arguments: [
      ("shards-00001-of", "../rds-00001-of"), ("shards-00001-of", "/abs/s-00001-of"),
      ("shards-00002-of", "shards-00001-of"), ("00001-of-00002.safetensors", "00001-of-00002.safetensorz"),
      ("shards.safetensors.index.json", "../rds.safetensors.index.json"),
      ("shards.safetensors.index.json", "shards.safetensors.index.jsoX"),
      ("shards.safetensors.index.json", ".hards.safetensors.index.json"),
      ("\"tensors\": 2", "\"tensors\": 1"),
    ])
  func hostile(old: String, new: String) throws {
    let folder = try TemporaryFolder()
    var forger = try CheckpointForger(path: GoldenCheckpoint.sharded.path)
    // In the record only, because the names are also in the stored index.
    let text = String(decoding: forger.tables.source, as: UTF8.self)
    let changed = text.replacingOccurrences(of: old, with: new)
    try #require(changed != text && changed.utf8.count == text.utf8.count)
    forger.tables.source = Array(changed.utf8)
    let path = try folder.write(try forger.sealed(), as: "m.h5")
    #expect(throws: (any Error).self) { try Self.writeShards(of: path, to: folder.file("out/")) }
    #expect(try folder.names() == ["m.h5"])
    for destination in ["one.safetensors", "out/"] {
      let refused = try Subprocess.run(Peers.tessera, ["convert", path, folder.file(destination)])
      #expect(
        refused.ending == .exited(2) && refused.errorText.contains(": expected "), "\(refused.errorText)")
    }
    #expect(try folder.names() == ["m.h5"])
    let found = try FileValidation.findings(in: ReadableFile(path: path), deep: false)
    #expect(found.contains { $0.rule == .sourceHeader && $0.severity == .error }, "\(found)")
  }
}
