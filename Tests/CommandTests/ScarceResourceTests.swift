import Foundation
import TestSupport
import Testing

/// With limits on files, descriptors and threads, a command fails with a sentence or succeeds.
@Suite("Scarce resources", .serialized)
struct ScarceResourceTests {
  private static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = (0..<20).map { ("layer\($0).weight", "F32", [64, 65]) }
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    for (dest, more) in [("m.h5", []), ("c.h5", ["--compress"])] {
      #expect(
        try tessera(["convert", "w.safetensors", dest] + more, directory: folder.path).ending == .exited(0))
    }
    let network = try TemporaryFolder.bytes(of: "\(SourceFolder.fixtures)/exporters/mlp.default.onnx")
    _ = try folder.write(network, as: "n.onnx")
    for line in [
      ["plan", "n.onnx", "--units", "2", "-o", "n.json"],
      ["convert", "n.onnx", "n.h5", "--plan", "n.json", "--no-prove"],
      ["convert", "w.safetensors", "set/", "--shard-size", "64KB"],
    ] { #expect(try tessera(line, directory: folder.path).ending == .exited(0), "\(line)") }
    return folder
  }

  /// Command lines of every command that reads weights or a graph.
  private static let others = [
    ["convert", "w.safetensors", "new/", "--shard-size", "64KB"], ["convert", "set", "s.h5"],
    ["convert", "n.onnx", "q.h5", "--plan", "n.json"], ["convert", "n.h5", "q.onnx"],
    ["plan", "n.onnx", "--units", "2", "-o", "q.json"], ["count", "n.h5"], ["count", "n.onnx", "--layers"],
    ["validate", "--deep", "n.h5"], ["validate", "--deep", "set"], ["verify", "n.onnx", "n.h5"],
    ["diff", "n.onnx", "n.h5"], ["inspect", "set"],
  ]

  private static let lines = [
    ["convert", "w.safetensors", "o.h5"], ["convert", "w.safetensors", "p.h5", "--compress"],
    ["convert", "m.h5", "o.safetensors"], ["convert", "c.h5", "p.safetensors"], ["convert", "c.h5", "o.npz"],
    ["validate", "--deep", "m.h5"], ["validate", "--deep", "c.h5"], ["validate", "--deep", "w.safetensors"],
    ["verify", "w.safetensors", "c.h5"], ["diff", "m.h5", "c.h5"], ["inspect", "--digests", "c.h5"],
  ]

  @Test(
    "a limit on the size of files: 2 and one sentence, whatever libhdf5 makes of it",
    arguments: [1, 8, 60, 200])
  func fileSize(blocks: Int) throws {
    let folder = try Self.folder()
    for line in Self.lines.prefix(5) {
      // The shell counts blocks of 512 bytes.
      let run = try shell("ulimit -f \(blocks); exec \"$0\" \"$@\"", [Peers.tessera] + line, folder.path)
      #expect(run.sentence().contains("file too large"), "\(line): \(run.errorText)")
      #expect(!FileManager.default.fileExists(atPath: folder.file(line[2])))
    }
    #expect(try folder.temporaries() == [])
  }

  @Test("few descriptors: the work is done, or 2 and one sentence", arguments: 3...16)
  func descriptors(count: Int) throws {
    let folder = try Self.folder()
    for line in Self.lines + Self.others {
      let run = try shell(
        "ulimit -n \(count); exec \"$0\" \"$@\"", [Peers.tessera] + line, folder.path, 20)
      // The dynamic loader prints its own message.
      if run.ending == .exited(127), run.errorText.contains("shared libraries") { continue }
      if run.ending == .exited(0) { continue }
      // A command may have printed something before it reaches the file that it cannot open.
      let last = run.errorText.split(separator: "\n").last ?? ""
      #expect(run.ending == .exited(2), "\(count) \(line): \(run.ending) \(run.outputText)")
      #expect(
        // The files of a set are read in parallel.
        count < (line.contains("set") ? 24 : 12) && last.hasPrefix("tessera: ")
          && last.hasSuffix("too many open files"),
        "\(count) \(line): \(run.errorText)")
      // A folder that was made for a set is removed with everything hidden in it.
      #expect(
        !line.contains("new/") || !FileManager.default.fileExists(atPath: folder.file("new")), "\(count)")
    }
    #expect(try folder.temporaries() == [])
  }

  @Test("no thread to be had: everything is done on the one that there is")
  func threads() throws {
    let folder = try Self.folder()
    let command = folder.file("tessera")
    // The program must be accessible to an ordinary user, because root has no limit of processes. Foundation copies
    // through a descriptor that programs started by other tests inherit, and a file open for writing cannot be run
    // (ETXTBSY).
    #expect(try Subprocess.run("cp", [Peers.tessera, command]).ending == .exited(0))
    for path in [folder.path, command] {
      try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: path)
    }
    let user = getuid() == 0 ? ["setpriv", "--reuid=65534", "--clear-groups"] : []
    let version = try Subprocess.run("/usr/bin/env", user + [command, "--version"])
    guard version.ending == .exited(0) else {
      return skip("another user cannot run \(command): \(version.ending) \(version.errorText)")
    }
    for line in Self.lines {
      let run = try Subprocess.run(
        "/usr/bin/env", user + ["prlimit", "--nproc=1", command] + line, directory: folder.path)
      #expect(run.ending == .exited(0), "\(line): \(run.ending) \(run.errorText)")
    }
    for (one, other) in [("o.h5", "m.h5"), ("p.h5", "c.h5"), ("o.safetensors", "w.safetensors")] {
      #expect(
        try TemporaryFolder.bytes(of: folder.file(one)) == TemporaryFolder.bytes(of: folder.file(other)),
        "\(one)")
    }
  }
}
