import Foundation
import TestSupport
import Testing

/// Distributed checkpoints at the command line.
@Suite("Distributed checkpoints, at the command")
struct DistributedCommandTests {
  /// A copy of the fixtures.
  private func copied() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in ["ranks", "uneven", "grid", "safetensors"] {
      try FileManager.default.copyItem(
        atPath: "\(SourceFolder.fixtures)/dcp/\(name)", toPath: folder.file(name))
    }
    return folder
  }

  @Test("a folder is inspected, counted, converted and compared")
  func conversions() throws {
    let folder = try copied()
    for (name, count) in [("ranks", 6), ("uneven", 3), ("grid", 3), ("safetensors", 4)] {
      let inspect = try tessera(["inspect", name, "--json", "--digests"], directory: folder.path)
      #expect(inspect.ending == .exited(0) && inspect.outputText.contains("\"kind\": \"dcp\""))
      #expect(try tessera(["count", name], directory: folder.path).ending == .exited(0))
      for out in ["\(name).safetensors", "\(name).pt", "\(name).h5", "\(name)-shards/"] {
        let convert = try tessera(["convert", name, out], directory: folder.path)
        #expect(convert.ending == .exited(0), "\(out): \(convert.errorText)")
        let diff = try tessera(["diff", name, out, "--leave-out", "*"], directory: folder.path)
        #expect(
          diff.outputText.hasPrefix("equal: \(count) tensors\n"),
          "\(out): \(diff.outputText)\(diff.errorText)")
      }
      // The checkpoint gives any other format, but not the distributed one.
      let back = try tessera(
        ["convert", "\(name).h5", "\(name)-back.npz", "--opaque"], directory: folder.path)
      #expect(back.ending == .exited(0), "\(back.errorText)")
    }
  }

  @Test("a distributed checkpoint is only read")
  func written() throws {
    let folder = try copied()
    let run = try tessera(["convert", "ranks", "out.distcp"], directory: folder.path)
    #expect(run.ending == .exited(2))
    #expect(
      run.errorText.hasSuffix(
        "out.distcp: file: expected a format that is written, such as .safetensors or .pt, found a distributed "
          + "checkpoint (DCP), which is only read\n"), "\(run.errorText)")
  }

  @Test("validate checks the hidden metadata and every piece, and names the files of pieces")
  func validate() throws {
    let folder = try copied()
    let sound = try tessera(["validate", "--deep", "ranks", "safetensors"], directory: folder.path)
    #expect(sound.ending == .exited(0), "\(sound.outputText)")
    #expect(
      sound.outputText.contains("ranks/.metadata: ok, 2 notes (dcp, 6 tensors)")
        && sound.outputText.contains("ranks/__1_0.distcp: ok (dcp)")
        && sound.outputText.contains("safetensors: ok, 1 note (dcp, 4 tensors)")
        && sound.outputText.contains("-model-00001-of-00001.safetensors: ok (dcp)"), "\(sound.outputText)")
    // A byte of the first piece's shape, in its pickle.
    let path = folder.file("ranks/__0_0.distcp")
    var bytes = try TemporaryFolder.bytes(of: path)
    let mark = Array("_rebuild_tensor_v2".utf8)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: mark) })
    bytes[place + 1] ^= 1
    _ = try folder.write(bytes, as: "ranks/__0_0.distcp")
    let damaged = try tessera(["validate", "ranks"], directory: folder.path)
    #expect(damaged.ending == .exited(1) && damaged.outputText.contains("ranks/__0_0.distcp: 1 error"))
    try FileManager.default.removeItem(atPath: folder.file("ranks/__1_0.distcp"))
    let torn = try tessera(["validate", "ranks"], directory: folder.path)
    #expect(
      torn.ending == .exited(1)
        && torn.outputText.contains(
          "error shards: file '__1_0.distcp': expected a file that the metadata names"),
      "\(torn.outputText)")
    #expect(torn.outputText.components(separatedBy: "__1_0.distcp").count == 2, "\(torn.outputText)")
    // The pieces of a broken checkpoint are not examined.
    #expect(!torn.outputText.contains(".distcp: ok"), "\(torn.outputText)")
    try FileManager.default.removeItem(atPath: folder.file("ranks/.metadata"))
    let lost = try tessera(["validate", "ranks"], directory: folder.path)
    #expect(
      lost.ending == .exited(1) && lost.outputText.contains("error shards: expected '.metadata' beside"),
      "\(lost.outputText)")
  }

  @Test("one file of a distributed checkpoint cannot be checked, and says why")
  func parts() throws {
    let folder = try copied()
    for (file, words) in [
      ("ranks/__0_0.distcp", "a file with pieces of a distributed checkpoint (DCP)"),
      (
        "safetensors/shard-00001-model-00001-of-00001.safetensors",
        "the pieces of one rank of a distributed checkpoint (DCP)"
      ),
    ] {
      for arguments in [["inspect", file], ["validate", file], ["convert", file, "x.npz"]] {
        let run = try tessera(arguments, directory: folder.path)
        #expect(run.ending == .exited(2) && (run.outputText + run.errorText).contains(words), "\(arguments)")
      }
    }
  }

  @Test("a lock keeps the digests of every file, and finds a change of a piece")
  func lock() throws {
    let folder = try copied()
    for name in ["ranks", "safetensors"] {
      let lock = try tessera(["lock", name, "-o", "tessera.lock"], directory: folder.path)
      #expect(lock.ending == .exited(0), "\(lock.errorText)")
      let sound = try tessera(["validate", "--locked", name], directory: folder.path)
      #expect(sound.ending == .exited(0), "\(sound.outputText)")
      let file =
        name == "ranks" ? "ranks/__0_0.distcp" : "safetensors/shard-00001-model-00001-of-00001.safetensors"
      var bytes = try TemporaryFolder.bytes(of: folder.file(file))
      bytes[bytes.count - 1] ^= 1
      _ = try folder.write(bytes, as: file)
      let changed = try tessera(["validate", "--locked", name], directory: folder.path)
      #expect(
        changed.ending == .exited(1) && changed.outputText.contains("tessera.lock"), "\(changed.outputText)")
      try FileManager.default.removeItem(atPath: folder.file("tessera.lock"))
    }
  }
}
