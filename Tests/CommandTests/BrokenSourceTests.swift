import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Sources that cannot be read")
struct BrokenSourceTests {
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write(SampleWeights.pairs(megabytes: 1), as: "w.safetensors")
    _ = try folder.write(SampleWeights.pairsPlan, as: "plan.json")
    let run = try tessera(
      ["convert", "w.safetensors", "m.h5", "--plan", "plan.json"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    _ = try folder.write("old", as: "old.h5")
    _ = try folder.write("old", as: "old.npz")
    return folder
  }

  @Test(
    "a truncated source is refused with its name, and the old destination stays",
    arguments: ["w.safetensors", "m.h5"])
  func truncated(name: String) throws {
    let folder = try folder()
    let whole = try TemporaryFolder.bytes(of: folder.file(name))
    let cuts = [1, 7, 9, 60, 100, 250, 2048, whole.count / 2, whole.count - 4096, whole.count - 1]
    for cut in cuts {
      let path = try folder.write(Array(whole[..<cut]), as: "cut-" + name)
      for destination in ["old.h5", "new.h5", "old.npz", "new.npz"] {
        // A checkpoint converts only to flat weights; the other direction is refused before anything is read.
        if name == "m.h5" && destination.hasSuffix("h5") { continue }
        let run = try tessera(["convert", path, folder.file(destination)])
        let said = run.sentence()
        #expect(said.hasPrefix(path + ": "), "\(cut): \(said)")
        #expect(said.contains("expected") && said.contains("found"), "\(cut): \(said)")
        #expect(try folder.temporaries().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: folder.file("new.h5")))
        #expect(!FileManager.default.fileExists(atPath: folder.file("new.npz")))
        #expect(try TemporaryFolder.bytes(of: folder.file("old.h5")) == Array("old".utf8))
        #expect(try TemporaryFolder.bytes(of: folder.file("old.npz")) == Array("old".utf8))
      }
      #expect(try tessera(["validate", path]).code != 0)
    }
  }

  @Test("a source that shrinks while it is read is an error, not a crash")
  func shrinks() throws {
    let folder = try TemporaryFolder()
    let bytes = SampleWeights.pairs(megabytes: 60)
    var caught = 0
    for _ in 0..<5 where caught == 0 {
      let path = try folder.write(bytes, as: "w.safetensors")
      let running = try Subprocess.start(Peers.tessera, ["convert", path, folder.file("out.h5")])
      let deadline = ContinuousClock.now + .seconds(10)
      while try folder.temporaries().isEmpty, ContinuousClock.now < deadline { usleep(200) }
      // The header has been read and the temporary file exists; the tensors' bytes have not been read yet.
      kill(running.process, SIGSTOP)
      truncate(path, off_t(bytes.count * 9 / 10))
      kill(running.process, SIGCONT)
      let run = running.finish()
      if run.ending == .exited(0) {
        // The conversion had ended before.
        try FileManager.default.removeItem(atPath: folder.file("out.h5"))
        continue
      }
      caught += 1
      #expect(run.sentence().hasPrefix(path + ": cannot read: the file ended at byte"))
      #expect(try folder.names() == ["w.safetensors"])
    }
    #expect(caught == 1)
  }

  @Test("what permissions forbid is refused with its name and leaves nothing behind")
  func permissions() throws {
    let folder = try folder()
    // Root can read and write everything unless it drops these capabilities.
    let forbid =
      getuid() == 0
      ? [
        "setpriv", "--bounding-set=-dac_override,-dac_read_search",
        "--inh-caps=-dac_override,-dac_read_search",
      ]
      : ["env"]
    func run(_ arguments: [String]) throws -> Subprocess {
      try Subprocess.run(forbid[0], forbid.dropFirst() + [Peers.tessera] + arguments)
    }
    guard (try? run(["--version"]))?.code == 0 else {
      return skip("no setpriv, so permissions were not tested")
    }
    chmod(folder.file("w.safetensors"), 0)
    #expect(
      try run(["inspect", folder.file("w.safetensors")]).sentence()
        == folder.file("w.safetensors") + ": cannot open: permission denied")
    #expect(
      try run(["convert", folder.file("w.safetensors"), folder.file("new.h5")]).sentence()
        == folder.file("w.safetensors") + ": cannot open: permission denied")
    chmod(folder.file("w.safetensors"), 0o600)
    chmod(folder.path, 0o500)
    defer { chmod(folder.path, 0o700) }
    let before = try folder.names()
    for name in ["new.h5", "old.h5", "new.npz"] {
      #expect(
        try run(["convert", folder.file("w.safetensors"), folder.file(name)]).sentence()
          == folder.file(name) + ": cannot write: permission denied")
    }
    #expect(try folder.names() == before)
    #expect(try TemporaryFolder.bytes(of: folder.file("old.h5")) == Array("old".utf8))
  }
}
