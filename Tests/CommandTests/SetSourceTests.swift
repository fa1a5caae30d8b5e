import Foundation
import TestSupport
import Testing

/// Every part is converted by a process of its own, so only its fingerprint says which files it was made from.
@Suite("The source files of parts, at the command", .serialized)
struct SetSourceTests {
  private static let list = "m.h5.index.json"
  private static let rows: [SampleWeights.Row] = [
    ("layer0.up", "F32", [64, 2000]), ("layer0.down", "F32", [2000, 64]),
  ]

  @discardableResult
  private func run(
    _ arguments: [String], exit code: Int32 = 0, _ words: String, in folder: TemporaryFolder
  ) throws -> String {
    let run = try tessera(arguments, directory: folder.path)
    let text = run.outputText + run.errorText
    #expect(run.ending == .exited(code) && text.contains(words), "\(arguments): \(text)")
    return text
  }

  private func part(_ number: Int, of source: String, _ others: [String] = []) -> [String] {
    ["convert", source, "m.h5", "--part", "\(number)/2"] + others
  }

  private func weights(_ name: String, seed: UInt64, in folder: TemporaryFolder) throws {
    _ = try folder.write(SampleWeights.bytes(Self.rows, seed: seed), as: name)
  }

  /// Neither the list nor the one file can be made of the two parts.
  private func expectRefusal(in folder: TemporaryFolder) throws {
    for option in ["--join", "--merge"] {
      let text = try run(
        ["convert", option, "m.h5"], exit: 2,
        "file 'm-00002-of-00002.h5': expected the source files of 'm-00001-of-00002.h5', found others",
        in: folder)
      #expect(text.split(separator: "\n").count == 1, "\(text)")
    }
    #expect(try !folder.names().contains { $0 == Self.list || $0 == "m.h5" })
  }

  @Test("a part of a model and one of its fine-tuned variant are not joined")
  func otherModel() throws {
    let folder = try TemporaryFolder()
    try weights("base.safetensors", seed: 1, in: folder)
    try weights("tuned.safetensors", seed: 2, in: folder)
    try run(part(1, of: "base.safetensors"), "wrote", in: folder)
    try run(part(2, of: "tuned.safetensors"), "wrote", in: folder)
    try expectRefusal(in: folder)
    // The part of the other model is not kept.
    try run(
      part(1, of: "tuned.safetensors"), "is written again: it was made from other source files", in: folder)
    try run(part(2, of: "tuned.safetensors"), "kept", in: folder)
    try run(["convert", "--join", "m.h5"], "wrote \(Self.list)", in: folder)
    try run(["diff", Self.list, "tuned.safetensors"], "equal: 2 tensors", in: folder)
    // A list that was made before a part was replaced is refused, too.
    try run(part(2, of: "base.safetensors"), "is written again", in: folder)
    try run(["inspect", Self.list], exit: 2, "join the parts again", in: folder)
  }

  @Test("shards that are overwritten between two parts are noticed")
  func overwrittenShards() throws {
    let folder = try TemporaryFolder()
    for (number, seed) in [(1, 1), (2, 2)] as [(Int, UInt64)] {
      try weights("w.safetensors", seed: seed, in: folder)
      // Each tensor has 512,000 bytes, and so a shard of its own.
      try run(["convert", "w.safetensors", "model/", "--shard-size", "600kB"], "2 tensors", in: folder)
      try run(part(number, of: "model"), "wrote", in: folder)
    }
    try expectRefusal(in: folder)
    try run(part(1, of: "model"), "is written again", in: folder)
    try run(["convert", "--join", "m.h5"], "wrote \(Self.list)", in: folder)
  }

  @Test("copies of the files at other places, with other times, are the same files")
  func copies() throws {
    let folder = try TemporaryFolder()
    try weights("w.safetensors", seed: 1, in: folder)
    try run(["convert", "w.safetensors", "model/", "--shard-size", "600kB"], "2 tensors", in: folder)
    try FileManager.default.copyItem(atPath: folder.file("model"), toPath: folder.file("copy"))
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.file("copy")) {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 1_000_000)], ofItemAtPath: folder.file("copy/\(name)")
      )
    }
    try run(part(1, of: "model"), "wrote", in: folder)
    try run(part(2, of: folder.file("copy")), "wrote", in: folder)
    try run(["convert", "--join", "m.h5"], "wrote \(Self.list)", in: folder)
    try run(part(1, of: "copy"), "kept", in: folder)
  }

  /// A fingerprint is made of samples. `verify` reads everything.
  @Test("a change between the samples of a large file is not noticed by --join, but by verify")
  func unseen() throws {
    let folder = try TemporaryFolder()
    let old = SampleWeights.bytes(Self.rows)
    _ = try folder.write(old, as: "w.safetensors")
    try run(part(1, of: "w.safetensors"), "wrote", in: folder)
    // Sample 10 of 64 ends 6,000 bytes before, in the first tensor; the next one begins 6,000 bytes later.
    let place = (old.count - 4096) * 10 / 63 + 4096 + 6000
    var new = old
    new[place] ^= 1
    _ = try folder.write(new, as: "w.safetensors")
    try run(part(2, of: "w.safetensors"), "wrote", in: folder)
    try run(["convert", "--join", "m.h5"], "wrote \(Self.list)", in: folder)
    try run(["validate", "--deep", Self.list], "ok", in: folder)
    try run(["verify", "w.safetensors", Self.list], exit: 1, "layer0.up", in: folder)
    // The same part, made again, reads its tensors.
    try run(
      part(1, of: "w.safetensors"), "has other bytes than the source in tensor 'layer0.up'", in: folder)
    // A byte of a sample is noticed.
    new[(old.count - 4096) * 10 / 63] ^= 1
    _ = try folder.write(new, as: "w.safetensors")
    try run(part(2, of: "w.safetensors"), "is written again: it was made from other source files", in: folder)
    try run(
      ["convert", "--join", "m.h5"], exit: 2, "expected the source files of 'm-00001-of-00002.h5'", in: folder
    )
  }

  @Test("two models of one file are not joined")
  func roots() throws {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = ["model", "ema"].flatMap { root in
      ["a", "b"].map { ("\(root).\($0)", "F32", [8, 8]) }
    }
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    try run(part(1, of: "w.safetensors", ["--root", "model"]), "wrote", in: folder)
    try run(part(2, of: "w.safetensors", ["--root", "ema"]), "wrote", in: folder)
    try expectRefusal(in: folder)
    try run(part(1, of: "w.safetensors", ["--root", "ema"]), "is written again", in: folder)
    try run(["convert", "--join", "m.h5"], "wrote \(Self.list)", in: folder)
  }

  @Test("an added input is a source, too")
  func added() throws {
    let folder = try TemporaryFolder()
    try weights("base.safetensors", seed: 1, in: folder)
    for seed in [2, 3] as [UInt64] { try weights("\(seed).safetensors", seed: seed, in: folder) }
    try run(part(1, of: "base.safetensors", ["--add", "a=2.safetensors"]), "wrote", in: folder)
    try run(part(2, of: "base.safetensors", ["--add", "a=3.safetensors"]), "wrote", in: folder)
    try expectRefusal(in: folder)
  }

  @Test("the file of an optimizer beside the weights is a source, too")
  func optimizer() throws {
    let folder = try TemporaryFolder()
    let fixtures = "\(SourceFolder.fixtures)/optimizer"
    let home = folder.file("run")
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
    try run(["convert", "\(fixtures)/adamw.pt", "run/model.safetensors"], "13 tensors", in: folder)
    let names = ["up", "norm", "down", "heads.a", "heads.b"].flatMap { ["\($0).weight", "\($0).bias"] }
    _ = try folder.write(Array(names.joined(separator: "\n").utf8), as: "names.txt")
    let others = ["--with-optimizer", "--parameter-order", "names.txt"]
    var state = try TemporaryFolder.bytes(of: "\(fixtures)/optimizer.pt")
    try Data(state).write(to: URL(fileURLWithPath: home + "/optimizer.pt"))
    try run(part(1, of: "run", others), "wrote", in: folder)
    // A byte of the padding that follows a member's name: a changed element would also need another CRC-32.
    let name = Array("/data/1".utf8)
    let start = try #require(state.indices.first { state[$0...].starts(with: name) })
    state[start + name.count + 20] ^= 1
    try Data(state).write(to: URL(fileURLWithPath: home + "/optimizer.pt"))
    try run(part(2, of: "run", others), "wrote", in: folder)
    try expectRefusal(in: folder)
  }

  @Test("parts with and without --compress belong together")
  func compression() throws {
    let folder = try TemporaryFolder()
    try weights("w.safetensors", seed: 1, in: folder)
    try run(["convert", "w.safetensors", "one.h5"], "wrote", in: folder)
    try run(["convert", "w.safetensors", "small.h5", "--compress"], "wrote", in: folder)
    try run(part(1, of: "w.safetensors", ["--compress"]), "wrote", in: folder)
    try run(part(2, of: "w.safetensors"), "wrote", in: folder)
    try run(["convert", "--join", "m.h5"], "wrote", in: folder)
    try run(["validate", "--deep", Self.list], "ok", in: folder)
    for (options, same) in [([], "one.h5"), (["--compress"], "small.h5")] as [([String], String)] {
      try run(["convert", "--merge", "m.h5"] + options, "wrote m.h5", in: folder)
      #expect(
        try TemporaryFolder.bytes(of: folder.file("m.h5")) == TemporaryFolder.bytes(of: folder.file(same)))
    }
  }
}
