import Foundation
import TestSupport
import Testing

@Suite("Full disk", .serialized)
struct FullDiskTests {
  /// The result of a conversion to a small disk of its own.
  private struct Outcome {
    let run: Subprocess
    /// The names on the disk afterwards.
    let names: [String]
    let isOldIntact: Bool
  }

  private struct NoDisk: Error { let reason: String }

  /// Converts `source` to `name` on a new tmpfs, which only the script sees and which disappears with it.
  private static func convert(
    _ source: String, to name: String, kibibytes: Int, withOld: Bool, _ folder: TemporaryFolder
  ) throws -> Outcome {
    let script = """
      disk="$1/disk"; mkdir -p "$disk" && mount -t tmpfs -o size=${4}k none "$disk" || exit 99
      if [ "$5" = old ]; then cp "$1/old" "$disk/$3"; fi
      "$0" convert "$2" "$disk/$3" >"$1/out" 2>"$1/err"; echo $? >"$1/code"
      ls -A "$disk" >"$1/names"
      cmp -s "$1/old" "$disk/$3"; echo $? >"$1/same"
      """
    let arguments = [
      "-c", script, Peers.tessera, folder.path, source, name, String(kibibytes), withOld ? "old" : "new",
    ]
    let user = getuid() == 0 ? ["-m"] : ["-r", "-m"]
    let run = try Subprocess.run("unshare", user + ["/bin/sh"] + arguments)
    guard run.ending == .exited(0) else { throw NoDisk(reason: run.errorText) }
    func text(_ name: String) throws -> String {
      try String(contentsOfFile: folder.file(name), encoding: .utf8)
    }
    return Outcome(
      run: Subprocess(
        ending: .exited(Int32(try text("code").dropLast()) ?? -1),
        output: try TemporaryFolder.bytes(of: folder.file("out")),
        errors: try TemporaryFolder.bytes(of: folder.file("err"))),
      names: try text("names").split(separator: "\n").map(String.init), isOldIntact: try text("same") == "0\n"
    )
  }

  @Test(
    "wherever the disk is full, the conversion ends with 2 and a sentence, and leaves what was there",
    arguments: [
      ("w.safetensors", "out.h5"), ("m.h5", "out.safetensors"), ("m.h5", "out.npz"),
      ("w.safetensors", "out.npz"), ("w.safetensors", "out.gguf"),
    ])
  func everywhere(source: String, name: String) throws {
    let folder = try TemporaryFolder()
    let small: [SampleWeights.Row] = (0..<400).map { ("layer\($0).weight", "F32", [3, 5]) }
    let rows = small + [("large", "F32", [500, 600]), ("last", "I64", [11])]
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    _ = try folder.write("old\n", as: "old")
    #expect(try tessera(["convert", "w.safetensors", "m.h5"], directory: folder.path).ending == .exited(0))
    #expect(try tessera(["convert", source, name], directory: folder.path).ending == .exited(0))
    // The size needed, in pages; a checkpoint's skeleton is sparse, so its blocks count, not its length.
    let blocks = try shell("du -k \"$0\"", [folder.file(name)]).outputText
    let needed = try #require(Int(blocks.prefix { $0.isNumber }))

    do {
      _ = try Self.convert(folder.file(source), to: name, kibibytes: 4, withOld: false, folder)
    } catch {
      return skip("no tmpfs can be mounted here, so no disk was full: \(error)")
    }
    var places: [Int] = [4, 8, 64, needed / 4, needed / 2, needed * 3 / 4, needed - 64, needed - 8]
    if name.hasSuffix("h5") { places += [128, 200, needed - 300, needed - 200, needed - 100, needed - 32] }
    for place in places {
      for withOld in [false, true] {
        let outcome = try Self.convert(
          folder.file(source), to: name, kibibytes: place, withOld: withOld, folder)
        let said = outcome.run.sentence()
        #expect(said.hasPrefix(folder.file("disk/\(name)") + ": "), "\(said)")
        #expect(said.contains("no space left on device"), "\(place) KiB of \(needed): \(said)")
        #expect(outcome.names == (withOld ? [name] : []), "\(place) KiB of \(needed)")
        #expect(outcome.isOldIntact == withOld)
      }
    }
    let enough = try Self.convert(
      folder.file(source), to: name, kibibytes: needed + 256, withOld: true, folder)
    #expect(enough.run.ending == .exited(0), "\(enough.run.errorText)")
    #expect(enough.names == [name] && !enough.isOldIntact)
  }
}
