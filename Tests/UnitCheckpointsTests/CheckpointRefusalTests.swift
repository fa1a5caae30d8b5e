import ByteFiles
import Foundation
import TestSupport
import Testing

@testable import UnitCheckpoints

@Suite("Malformed checkpoints")
struct CheckpointRefusalTests {
  @Test(
    "each is refused by the rule it breaks, in a sentence with file, place, expected and found",
    arguments: ForgedCheckpoint.all)
  func refused(forged: ForgedCheckpoint) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(try forged.bytes(), as: "m.h5")
    let error = try CheckpointExercise(path, in: folder).error
    #expect(error?.defect == forged.defect, "\(error.map { "\($0)" } ?? "no error")")
    let sentence = "\(error.map { "\($0)" } ?? "")"
    #expect(sentence.hasPrefix(path + ": /") || sentence.hasPrefix(path + ": tensor "), "\(sentence)")
    #expect(sentence.contains(": expected ") && sentence.contains(", found "), "\(sentence)")
    #expect(try folder.names() == ["m.h5"])
  }

  @Test(
    "the command says the same: 2 where it has to read what is broken, a finding of validate always",
    arguments: ForgedCheckpoint.all)
  func command(forged: ForgedCheckpoint) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(try forged.bytes(), as: "m.h5")
    let sentence = try CheckpointExercise(path, in: folder).error.map { "\($0)" } ?? ""
    // The commands do not check everything, or check something else first; `validate` checks all.
    let onlyValidated: [CheckpointDefect] = [
      .source, .sourceHeaders, .shardIndex, .headersChecksum, .datasetChunks,
    ]
    var isRefused = false
    for arguments in [["inspect", path], ["convert", path, folder.file("back.safetensors")]] {
      // 512 MiB of private memory; a program that needs more is ended by a signal.
      let run = try Subprocess.run(
        "/bin/sh", ["-c", "ulimit -d 524288; exec \"$0\" \"$@\"", Peers.tessera] + arguments)
      guard run.ending != .exited(0) else { continue }
      isRefused = true
      #expect(run.ending == .exited(2), "\(run.ending)")
      #expect(run.errorText.hasPrefix("tessera: ") && run.errorText.hasSuffix("\n"))
      #expect(run.errorText == "tessera: \(sentence)\n" || onlyValidated.contains(forged.defect))
      #expect(try folder.names() == ["m.h5"])
    }
    #expect(isRefused || onlyValidated.contains(forged.defect))
    let run = try Subprocess.run(Peers.tessera, ["validate", "--deep", path])
    #expect(run.ending == .exited(1), "\(run.ending) \(run.errorText)")
  }

  @Test("every defect has a forged file, and its id says what it is about")
  func complete() {
    let covered = Set(ForgedCheckpoint.all.map(\.defect))
    // The files of a set are forged by `CheckpointSetTests`.
    #expect(CheckpointDefect.allCases.filter { !covered.contains($0) } == [.set])
    #expect(CheckpointDefect.allCases.allSatisfy { $0.rawValue.hasPrefix("checkpoint.") })
  }

  /// Changes that are not a `CheckpointDefect`, and the words that their error must contain.
  private static let others: [(String, String, @Sendable (inout CheckpointForger) throws -> Void)] = [
    (
      "another format", "expected a unit checkpoint (root attribute format = \"tessera.checkpoint\"), found",
      { $0.format = "tessera.checkpoinX" }
    ),
    (
      "a later layout", "layout version: expected 2.x, found 3.0; a newer tessera wrote it: update tessera",
      { $0.version = [3, 0] }
    ),
    (
      "the layout before",
      "layout version: expected 2.x, found 1.3; tessera 0.1 wrote it: convert it to flat weights with that version, then convert the result with its plan (the dataset tessera/plan)",
      { $0.version = [1, 3] }
    ),
    ("a version of one number", "layout version: expected 2.x, found 4 bytes", { $0.version = [2] }),
    ("a broken plan", "tessera/plan: ", { $0.tables.plan[0] = UInt8(ascii: "[") }),
    ("a plan of other tensors", "tessera/plan: ", { try $0.replan("\"bias\"", by: "\"bios\"") }),
    (
      "a dataset that is not there", "expected an object of that name, found none",
      { forger in forger.datasets.removeAll { $0.path == "intra/1/F32" } }
    ),
    (
      "a group where a dataset should be", "'/intra/1/F32': expected a dataset, found a group",
      { try $0.dataset("intra/1/F32") { $0.path += "/inside" } }
    ),
  ]

  @Test("files of another kind, layout or plan are refused as such", arguments: others.indices)
  func refusedOtherwise(number: Int) throws {
    let (label, words, change) = Self.others[number]
    let folder = try TemporaryFolder()
    var forger = try CheckpointForger(path: GoldenCheckpoint.grid.path)
    try change(&forger)
    let path = try folder.write(try forger.sealed(), as: "m.h5")
    let error = try CheckpointExercise(path, in: folder).error
    #expect(error?.defect == nil)
    #expect(
      "\(error.map { "\($0)" } ?? "")".contains(words), "\(label): \(error.map { "\($0)" } ?? "no error")")
    let run = try Subprocess.run(Peers.tessera, ["convert", path, folder.file("back.npz")])
    // A command requires more of a plan than opening does, so its sentence may be another one.
    #expect(run.ending == .exited(2) && run.errorText.hasPrefix("tessera: \(path): "), "\(run.errorText)")
    #expect(run.errorText.split(separator: "\n").count == 1)
  }

  @Test("links and datasets that lead elsewhere, and bombs, are refused in time and memory")
  func replacedDatasets() throws {
    guard Peers.areThere(python: true), let python = Peers.python else { return }
    let script = """
      import sys, h5py, numpy as np
      path, what = sys.argv[1:]
      with h5py.File(path, "r+") as f:
          name = "tessera/names" if what.startswith("table") else "intra/0/F32"
          if what.startswith("header"): name = "tessera/headers/0"
          old = f[name]; dtype, shape = old.dtype, old.shape
          del f[name]
          if what == "external": f[name] = h5py.ExternalLink("/etc/hostname", "/x")
          elif what == "soft": f[name] = h5py.SoftLink("/intra/1/F32")
          elif what == "dangling": f[name] = h5py.SoftLink("/../../x")
          elif what == "group": f.create_group(name)
          elif what == "virtual":
              layout = h5py.VirtualLayout(shape, dtype)
              layout[:] = h5py.VirtualSource(path, "/inter/1-2/F32", shape=(54,))[:shape[0]]
              f.create_virtual_dataset(name, layout)
          elif what == "storage": f.create_dataset(name, shape, dtype, external=[("/etc/hostname", 0, 4 * shape[0])])
          elif what == "integers": f.create_dataset(name, data=np.zeros(shape, "i4"))
          elif what == "longer": f.create_dataset(name, data=np.zeros(shape[0] + 1, dtype))
          elif what == "bomb": f.create_dataset(name, (1 << 50,), dtype, chunks=(1 << 20,))
          elif what.endswith("-bomb"): f.create_dataset(name, (1 << 40,), dtype, chunks=(1 << 20,))
          elif what == "table-large": f.create_dataset(name, data=np.zeros(127 << 20, dtype), chunks=(1 << 20,), compression=9)
          elif what == "table-gone": pass
      with open(path, "ab") as f: f.write(b"x")
      """
    let cases = [
      ("external", "external link"), ("soft", "soft link"), ("dangling", "soft link"), ("group", "a group"),
      ("virtual", "virtual"), ("storage", "external storage"), ("integers", "a different HDF5 type"),
      ("longer", "found 160"), ("bomb", "expected 156 bytes"), ("table-bomb", "expected at most"),
      ("header-bomb", "expected at most"),
      ("table-large", "expected at most"), ("table-gone", "checksum"),
    ]
    for (what, words) in cases {
      let folder = try TemporaryFolder()
      let path = try folder.write(try TemporaryFolder.bytes(of: GoldenCheckpoint.grid.path), as: "m.h5")
      let made = try Subprocess.run(python, ["-c", script, path, what])
      try #require(made.ending == .exited(0), "\(made.errorText)")
      let run = try Subprocess.run(
        "/bin/sh",
        [
          "-c", "ulimit -d 524288; exec \"$0\" \"$@\"", Peers.tessera, "convert", path,
          folder.file("back.safetensors"),
        ])
      #expect(run.ending == .exited(2), "\(what): \(run.ending)")
      #expect(run.errorText.hasPrefix("tessera: \(path): "), "\(what): \(run.errorText)")
      #expect(run.errorText.contains(words), "\(what): \(run.errorText)")
      #expect(run.errorText.split(separator: "\n").count == 1)
      #expect(try folder.names() == ["m.h5"], "\(what)")
    }
  }
}
