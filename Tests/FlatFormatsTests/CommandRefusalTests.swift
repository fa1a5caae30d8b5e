import FlatFormats
import Foundation
import TestSupport
import Testing

@Suite("Refusals, at the command")
struct CommandRefusalTests {
  @Test("a malformed file ends `convert` with 2 and the sentence of its rule, and nothing is left behind")
  func refused() throws {
    var met: Set<FlatDefect> = []
    var count = 0
    for example in RefusalTests.all {
      let folder = try TemporaryFolder()
      guard let sentence = refusal({ try example.run(folder) })?.description else { continue }
      // Rules about writing leave no file for the command to read.
      let before = try folder.names()
      guard let name = before.first(where: { sentence.hasPrefix(folder.file($0) + ": ") }) else { continue }
      let out = name.hasSuffix("safetensors") ? "out.npz" : "out.safetensors"
      let run = try Subprocess.run(
        "/bin/sh",
        [
          "-c", "ulimit -d 524288; exec \"$0\" \"$@\"", Peers.tessera, "convert", folder.file(name),
          folder.file(out), "--opaque",
        ])
      // The tests use the library with options that the command lacks here: an assumed dtype, one tensor's bytes.
      if run.ending == .exited(0) { continue }
      #expect(run.ending == .exited(2), "\(example): \(run.ending)")
      let said = run.errorText
      #expect(
        said.hasPrefix("tessera: \(folder.file(name)): ") && said.hasSuffix("\n"), "\(example): \(said)")
      #expect(said.split(separator: "\n").count == 1, "\(example): \(said)")
      #expect(said.contains("expected ") && said.contains(", found "), "\(example): \(said)")
      #expect(try folder.names() == before, "\(example)")
      if said == "tessera: \(sentence)\n" { met.insert(example.defect) }
      count += 1
    }
    #expect(count > 280)
    // The others are about writing, or can be broken only by a caller of the library.
    let elsewhere = FlatDefect.allCases.filter { !met.contains($0) }
    #expect(
      elsewhere.filter {
        !$0.id.hasPrefix("flat.") && !$0.id.hasPrefix("shards.")
          && !Self.onlyInTheLibrary.contains($0.id)
      }
        == [])
  }

  @Test("a malformed set of shards ends `convert` with 2 and the sentence, and is reported by `validate`")
  func refusedShards() throws {
    var met: Set<FlatFormatRule> = []
    for example in ShardRefusal.all {
      let folder = try TemporaryFolder()
      let path = try example.make(folder)
      let before = try files(of: folder.file("set"))
      let sentence = try #require(
        refusal { _ = try open(path) }?.description, "\(example)")
      let run = try Subprocess.run(
        "/bin/sh",
        [
          "-c", "ulimit -d 524288; exec \"$0\" \"$@\"", Peers.tessera, "convert", path, folder.file("out.h5"),
        ])
      #expect(run.ending == .exited(2), "\(example): \(run.ending)")
      #expect(run.errorText == "tessera: \(sentence)\n", "\(example)")
      let check = try Subprocess.run(Peers.tessera, ["validate", "--format", "json", path])
      if example.rule == .shardsFolder {
        // An ambiguous folder is clear to a command that checks every file.
        let isEmpty = try files(of: folder.file("set")).isEmpty
        #expect(check.ending == .exited(isEmpty ? 2 : 0), "\(example): \(check.outputText)")
      } else {
        #expect(check.ending == .exited(1), "\(example): \(check.errorText)")
        let rule =
          example.rule == .shardsLimit
          ? "unexamined" : example.rule.rawValue.hasPrefix("shards.") ? "shards" : "names"
        #expect(check.outputText.contains("\"rule\": \"\(rule)\""), "\(example): \(check.outputText)")
      }
      #expect(try files(of: folder.file("set")) == before, "\(example)")
      met.insert(example.rule)
    }
    // The others are about writing.
    let all = FlatFormatRule.allCases.filter { $0.rawValue.hasPrefix("shards.") && !met.contains($0) }
    #expect(all == [.shardsVerbatim, .shardsOverSource, .shardsInTheWay])
  }

  /// Rules that a malformed source cannot break: they are about writing, or about an assumed dtype.
  private static let onlyInTheLibrary: Set<String> = [
    "safetensors.verbatim", "safetensors.reserved-name", "npy.assumed-width", "npy.opaque-write",
    "npy.header-write", "npz.name", "npz.ties", "onnx.write", "hdf5.write", "keras.write",
    "gguf.verbatim", "gguf.write", "dcp.write", "flax.write", "tensorflow.write", "zip.read-past-end",
  ]
}
