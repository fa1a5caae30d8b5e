import Foundation
import TestSupport
import Testing

@Suite("validate in CI")
struct ValidateInCITests {
  /// Sound, damaged, truncated and foreign files.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write(SampleWeights.pairs(megabytes: 1), as: "w.safetensors")
    _ = try folder.write(SampleWeights.pairsPlan, as: "plan.json")
    let run = try tessera(
      ["convert", "w.safetensors", "clean.h5", "--plan", "plan.json"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    var bytes = try TemporaryFolder.bytes(of: folder.file("clean.h5"))
    _ = try folder.write(Array(bytes.dropLast(1000)), as: "truncated.h5")
    bytes[bytes.count / 2] ^= 4
    _ = try folder.write(bytes, as: "damaged.h5")
    _ = try folder.write("no weights at all\n", as: "notes.txt")
    let hdf5 = SourceFolder.fixtures + "/hdf5/default.h5"
    _ = try folder.write(try TemporaryFolder.bytes(of: hdf5), as: "other.h5")
    return folder
  }

  /// Runs the steps as a CI job would, and prints the result of each.
  private static let script = """
    set -u
    step() { "$TESSERA" validate "$@" > out.txt 2> err.txt; echo "$? $(wc -l < err.txt) $*"; }
    step clean.h5
    step --deep clean.h5
    step --deep clean.h5 w.safetensors
    step damaged.h5
    step --deep damaged.h5
    step --deep --json damaged.h5
    step --deep --format sarif damaged.h5
    step --deep --format junit damaged.h5
    step --deep --format github damaged.h5
    step truncated.h5
    step absent.h5
    step notes.txt
    step other.h5
    step --deep damaged.h5 absent.h5 notes.txt clean.h5
    step
    step --format xml clean.h5
    step --json --format junit clean.h5
    if "$TESSERA" validate --deep clean.h5 > /dev/null; then echo passed; fi
    if ! "$TESSERA" validate --deep damaged.h5 > /dev/null; then echo stopped; fi
    """

  @Test("a script can go by the exit codes: clean, finding, missing, truncated, another kind, usage")
  func script() throws {
    let folder = try folder()
    let run = try shell("TESSERA=\"$0\"; \(Self.script)", [Peers.tessera], folder.path)
    #expect(
      run.outputText == """
        0 0 clean.h5
        0 0 --deep clean.h5
        0 0 --deep clean.h5 w.safetensors
        0 0 damaged.h5
        1 0 --deep damaged.h5
        1 0 --deep --json damaged.h5
        1 0 --deep --format sarif damaged.h5
        1 0 --deep --format junit damaged.h5
        1 0 --deep --format github damaged.h5
        1 0 truncated.h5
        2 1 absent.h5
        2 1 notes.txt
        1 0 other.h5
        2 2 --deep damaged.h5 absent.h5 notes.txt clean.h5
        64 4 \n\
        64 4 --format xml clean.h5
        64 3 --json --format junit clean.h5
        passed
        stopped

        """, "\(run.outputText)\(run.errorText)")
  }

  @Test("every file is checked, whatever became of the ones before it")
  func several() throws {
    let folder = try folder()
    let run = try tessera(
      ["validate", "--deep", "damaged.h5", "absent.h5", "notes.txt", "clean.h5"], directory: folder.path)
    #expect(run.ending == .exited(2))
    #expect(
      run.outputText.hasPrefix(
        "damaged.h5: 1 error, 3 notes (unit-checkpoint, 4 tensors)\n  error page-checksum: /"))
    #expect(run.outputText.contains("\nclean.h5: ok, 4 notes (unit-checkpoint, 4 tensors)\n"))
    #expect(
      run.errorText.hasPrefix(
        "tessera: absent.h5: cannot open: no such file or directory\ntessera: notes.txt:"))
  }

  @Test("a finding takes one line, most within 80 columns, none far beyond")
  func columns() throws {
    let folder = try folder()
    let run = try tessera(["validate", "--deep", "damaged.h5", "truncated.h5"], directory: folder.path)
    let lines = run.outputText.split(separator: "\n")
    #expect(lines.count == 2 + 1 + 3 + 1)
    #expect(lines.count { $0.count > 80 } <= 2 && lines.allSatisfy { $0.count <= 110 }, "\(run.outputText)")
  }

  @Test("groups that other programs add are ignored; data from elsewhere in them is not")
  func foreignGroups() throws {
    guard Peers.areThere(python: true), let python = Peers.python else { return }
    let folder = try folder()
    let make = """
      import sys, shutil, h5py, numpy as np
      for what in ["plain", "soft", "external", "storage", "virtual"]:
          path = what + ".h5"
          shutil.copy("clean.h5", path)
          with h5py.File(path, "r+") as f:
              g = f.create_group("mine")
              g["x"] = np.arange(5)
              if what == "soft": g["y"] = h5py.SoftLink("/mine/x")
              if what == "external": g["y"] = h5py.ExternalLink("clean.h5", "/tessera/names")
              if what == "storage": g.create_dataset("y", (4,), "u1", external=[("notes.txt", 0, 4)])
              if what == "virtual":
                  layout = h5py.VirtualLayout((5,), "i8")
                  layout[:] = h5py.VirtualSource("plain.h5", "/mine/x", shape=(5,))
                  g.create_virtual_dataset("y", layout)
      """
    let made = try Subprocess.run(python, ["-c", make], directory: folder.path)
    try #require(made.ending == .exited(0), "\(made.errorText)")
    for (what, code, severity, words) in [
      ("plain", 0, "", ""), ("soft", 0, "note", "a soft link to '/mine/x'"),
      ("external", 1, "warning", "an external link"), ("storage", 1, "warning", "external storage"),
      ("virtual", 1, "warning", "a virtual dataset"),
    ] {
      let run = try tessera(["validate", "--deep", what + ".h5"], directory: folder.path)
      #expect(run.ending == .exited(Int32(code)), "\(what): \(run.outputText)")
      let lines = run.outputText.split(separator: "\n").filter { $0.contains(" links: ") }
      #expect(lines.count == (words.isEmpty ? 0 : 1), "\(run.outputText)")
      #expect(lines.allSatisfy { $0.contains("  \(severity) links: '/mine/y'") && $0.contains(words) })
      #expect(run.outputText.contains("note placement: "), "\(run.outputText)")
    }
  }
}
