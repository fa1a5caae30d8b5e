import Foundation
import TestSupport
import Testing

@Suite("lock, and validate --locked")
struct LockTests {
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write("", as: ".git/HEAD")
    let rows: [SampleWeights.Row] = (0..<6).map { ("t\($0)", "F32", [64]) }
    _ = try folder.write(SampleWeights.bytes(rows), as: "models/w.safetensors")
    _ = try folder.write(SampleWeights.pairs(megabytes: 1), as: "p.safetensors")
    _ = try folder.write(SampleWeights.pairsPlan, as: "plan.json")
    for arguments in [
      ["convert", "p.safetensors", "models/m.h5", "--plan", "plan.json"],
      ["convert", "models/w.safetensors", "models/set/", "--shard-size", "512"],
    ] { #expect(try tessera(arguments, directory: folder.path).code == 0) }
    try FileManager.default.removeItem(atPath: folder.file("p.safetensors"))
    return folder
  }

  @Test("hold every file and tensor, and are the same for the same files")
  func deterministic() throws {
    let folder = try folder()
    let first = try tessera(["lock", "models"], directory: folder.path)
    #expect(
      first.outputText == "wrote tessera.lock: 6 files, 16 tensors\n",
      "\(first.outputText) \(first.errorText)")
    let bytes = try TemporaryFolder.bytes(of: folder.file("tessera.lock"))
    let again = try tessera(
      ["lock", "models/set", "./models/w.safetensors", "models/m.h5", "-o", "again.lock"],
      directory: folder.path)
    #expect(again.code == 0, "\(again.errorText)")
    #expect(try TemporaryFolder.bytes(of: folder.file("again.lock")) == bytes)
    let run = try tessera(["validate", "--locked", "models"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.outputText)")
    #expect(!run.outputText.contains("data not read"))
  }

  @Test("report what changed, appeared and disappeared")
  func changes() throws {
    let folder = try folder()
    #expect(try tessera(["lock", "models"], directory: folder.path).code == 0)
    // Another t3, no t4, and a new t9.
    var rows: [SampleWeights.Row] = (0..<6).map { ("t\($0)", "F32", [64]) }
    rows[4].name = "t9"
    var changed = SampleWeights.bytes(rows)
    changed[changed.count - 3 * 256 + 5] ^= 1
    _ = try folder.write(changed, as: "models/w.safetensors")
    _ = try folder.write(changed, as: "models/new.safetensors")
    try FileManager.default.removeItem(atPath: folder.file("models/m.h5"))
    let run = try tessera(["validate", "--locked", "models"], directory: folder.path)
    #expect(run.ending == .exited(1))
    for words in [
      "models/new.safetensors: 1 error",
      "error project: expected a file that tessera.lock lists, found one that it lacks",
      "models/w.safetensors: 4 errors", "with SHA-256", "error project: tensor 't3': expected SHA-256",
      "error project: tensor 't9': expected a tensor that tessera.lock lists, found one that it lacks",
      "error project: tensor 't4': expected the tensor of tessera.lock, found none",
      "models/m.h5: 1 error", "error project: expected the file of tessera.lock, found none",
    ] { #expect(run.outputText.contains(words), "\(words) in\n\(run.outputText)") }
    #expect(
      !run.outputText.contains("'t2'"), "\(run.outputText)")
  }

  @Test("report a changed shard, with the tensor that changed in the set")
  func shards() throws {
    let folder = try folder()
    #expect(try tessera(["lock", "models"], directory: folder.path).code == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("models/set")).sorted()
    let shard = try #require(names.first { $0.contains("00002-of") })
    var bytes = try TemporaryFolder.bytes(of: folder.file("models/set/\(shard)"))
    bytes[bytes.count - 1] ^= 0x40
    _ = try folder.write(bytes, as: "models/set/\(shard)")
    let run = try tessera(["validate", "--locked", "models/set"], directory: folder.path)
    #expect(run.ending == .exited(1))
    #expect(run.outputText.contains("tensor 't3': expected SHA-256"), "\(run.outputText)")
    #expect(run.outputText.components(separatedBy: "with SHA-256").count == 2, "\(run.outputText)")
  }

  @Test("are refused if they are absent, malformed or cannot be written")
  func refusals() throws {
    let folder = try folder()
    #expect(
      try tessera(["validate", "--locked", "models"], directory: folder.path).sentence().contains(
        "tessera.lock"))
    _ = try folder.write(#"{"format": "tessera.lock/1", "files": [{"path": "a"}]}"#, as: "bad.lock")
    #expect(
      try tessera(["validate", "--lock", "bad.lock", "models"], directory: folder.path).sentence()
        == "bad.lock: files[0]: expected the key 'kind', found none")
    let outside = try tessera(["lock", "models", "-o", "models/set/x.lock"], directory: folder.path)
      .sentence()
    #expect(outside.contains("found one outside"), "\(outside)")
    var bytes = try TemporaryFolder.bytes(of: folder.file("models/m.h5"))
    bytes.removeLast(900)
    _ = try folder.write(bytes, as: "models/m.h5")
    #expect(try tessera(["lock", "models"], directory: folder.path).sentence().hasPrefix("models/m.h5: "))
    #expect(!(try folder.names().contains("tessera.lock")))
  }
}
