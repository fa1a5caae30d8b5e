import TestSupport
import Testing

/// Files of layout 1, which version 0.1 wrote: they are no longer read, and every command tells the user what to do.
@Suite("Files of layout 1")
struct OldLayoutTests {
  private static let lines = [
    "inspect old.h5", "inspect old.h5 --json", "inspect old.h5 --digests", "validate old.h5",
    "validate --deep old.h5",
    "validate --json old.h5", "convert old.h5 new.safetensors", "convert old.h5 new.npz",
    "convert old.h5 new.h5",
    "convert old.h5 new/", "count old.h5", "count old.h5 --work",
    "extract old.h5 new.safetensors --task t --level 1",
    "run old.h5 --input x.npy --output y.npy", "verify w.safetensors old.h5", "verify old.h5 old.h5",
    "diff old.h5 old.h5",
    "diff w.safetensors old.h5", "plan old.h5 --units 2 -o plan.json",
  ]

  @Test("each is refused with the version that wrote it and the way on", arguments: lines)
  func refused(line: String) throws {
    let folder = try TemporaryFolder()
    let old = try TemporaryFolder.bytes(of: SourceFolder.fixtures + "/refused/layout-1.h5")
    _ = try folder.write(old, as: "old.h5")
    _ = try folder.write(SampleWeights.bytes([("w", "F32", [2, 3])]), as: "w.safetensors")
    _ = try folder.write(SampleWeights.bytes([("x", "F32", [2, 3])]), as: "x.safetensors")
    let before = try folder.names().sorted()
    let run = try tessera(line.split(separator: " ").map(String.init), directory: folder.path)
    #expect(run.ending == .exited(2), "\(line)")
    #expect(
      run.errorText == "tessera: old.h5: layout version: expected 2.x, found 1.0; "
        + "tessera 0.1 wrote it: convert it to flat weights with that version, then convert the result with its plan (the dataset tessera/plan)\n",
      "\(line)")
    // `validate --json` reports it in its document, too.
    #expect(run.output.isEmpty || line == "validate --json old.h5", "\(line)")
    #expect(try folder.names().sorted() == before)
    #expect(try TemporaryFolder.bytes(of: folder.file("old.h5")) == old)
  }
}
