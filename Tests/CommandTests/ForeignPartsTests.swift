import Foundation
import TestSupport
import Testing

/// Parts that h5py adds to a checkpoint are reported by path: no reader uses them.
@Suite("What other programs add to a checkpoint")
struct ForeignPartsTests {
  /// A line of Python that adds a part, and the expected place and words.
  private static let additions: [(python: String, place: String, what: String)] = [
    ("f.attrs['author'] = 'me'", "/", "the attribute 'author'"),
    ("f.create_group('notes').attrs['x'] = 1", "/notes", "a group"),
    ("f.create_dataset('opt/state/0', data=[1, 2])", "/opt", "a group"),
    ("f['x'] = [1, 2]", "/x", "a dataset"),
    ("f['tessera'].create_dataset('mine', data=[1])", "/tessera/mine", "a dataset"),
    ("f['tessera'].create_group('more')['x'] = 1", "/tessera/more", "a group"),
    (attributeInPlace, "/tessera", "the attribute 'x'"),
    ("f['tessera/tensors'].attrs['mine'] = 3", "/tessera/tensors", "the attribute 'mine'"),
    ("f['type'] = __import__('numpy').dtype('f4')", "/type", "a committed datatype"),
  ]

  /// An attribute that fits the group's header: the file keeps its length, but no longer matches its seal.
  private static let attributeInPlace = "f['tessera'].attrs['x'] = 1"

  @Test(
    "is a note, and with --strict a finding; in a checkpoint as it was written there is none",
    .enabled(if: Peers.areThere(python: true, programs: [])))
  func added() throws {
    let python = try #require(Peers.python)
    let golden = "\(SourceFolder.fixtures)/checkpoints/grid.h5"
    let quiet = ["--rule", "half-cut=off", "--strict"]
    #expect(!(try tessera(["validate", golden] + quiet).outputText.contains("unexamined")))
    var count = 0
    for (line, place, what) in Self.additions {
      let folder = try TemporaryFolder()
      let path = try folder.write(try TemporaryFolder.bytes(of: golden), as: "m.h5")
      let made = try Subprocess.run(
        python, ["-c", "import h5py\nwith h5py.File('\(path)', 'r+') as f: \(line)"])
      try #require(made.ending == .exited(0), "\(line): \(made.errorText)")
      for (arguments, severity, code) in [([], "note", Int32(0)), (["--strict"], "warning", 1)] {
        let run = try tessera(["validate", path, "--rule", "half-cut=off"] + arguments)
        let expected =
          "  \(severity) unexamined: \(place): expected only parts of the layout, found \(what), which no reader uses\n"
        #expect(run.ending == .exited(line == Self.attributeInPlace ? 1 : code), "\(line): \(run.outputText)")
        #expect(run.outputText.contains(expected), "\(line): \(run.outputText)")
        #expect(
          run.outputText.components(separatedBy: " unexamined: ").count == 2, "\(line): \(run.outputText)")
      }
      count += 1
    }
    #expect(count == 9)
  }
}
