import StrictJSON
import TestSupport
import Testing

@Suite("diff")
struct DiffCommandTests {
  private static let rows: [SampleWeights.Row] = [
    ("layer0.up", "F32", [64, 9]), ("layer0.down", "F32", [9, 64]), ("i", "I32", [5]),
    ("none", "F32", [0, 3]),
  ]

  /// The same tensors as safetensors, npz and unit checkpoint, and files of other kinds.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write(SampleWeights.bytes(Self.rows), as: "w.safetensors")
    _ = try folder.write(
      SampleWeights.pairsPlan.replacing("\"t\"", with: "\"task\""), as: "plan.json")
    for arguments in [["m.h5", "--plan", "plan.json"], ["w.npz"]] {
      let run = try tessera(["convert", "w.safetensors"] + arguments, directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
    }
    _ = try folder.write("{\"a\": 1}\n", as: "j.json")
    return folder
  }

  @Test("the same tensors are equal in every format, in both directions")
  func formats() throws {
    let folder = try folder()
    for a in ["w.safetensors", "w.npz", "m.h5"] {
      for b in ["w.safetensors", "w.npz", "m.h5"] {
        let run = try tessera(["diff", a, b], directory: folder.path)
        #expect(run.ending == .exited(0), "\(a) \(b): \(run.outputText)\(run.errorText)")
        #expect(run.outputText == "equal: 4 tensors\n")
      }
    }
  }

  @Test("names, dtypes, shapes and values that differ end with 1 and are reported, as JSON and as text")
  func differences() throws {
    let folder = try folder()
    var bytes = try TemporaryFolder.bytes(of: folder.file("w.safetensors"))
    let header = bytes.count - (2 * 64 * 9 * 4 + 5 * 4)
    // The lowest bit of the last element in the second row of layer0.up.
    bytes[header + 4 * 17] ^= 1
    _ = try folder.write(bytes, as: "v.safetensors")
    let other: [SampleWeights.Row] = [
      ("layer0.up", "F32", [64, 9]), ("layer0.down", "I32", [64, 9]), ("i", "F32", [5]), ("more", "U8", [2]),
      ("none", "F32", [0, 3]),
    ]
    _ = try folder.write(SampleWeights.bytes(other), as: "o.safetensors")

    for (a, flipped) in [("m.h5", "v.safetensors"), ("w.npz", "v.safetensors")] {
      let run = try tessera(["diff", a, flipped, "--json"], directory: folder.path)
      #expect(run.ending == .exited(1) && run.errors.isEmpty)
      let report = try object(run)
      #expect(report["missing"] == [] && report["extra"] == [] && report["equal"] == .bool(false))
      #expect(report["equal_tensors"] == 3)
      guard case .array(let changes)? = report["changed"], changes.count == 1,
        case .object(let change) = changes[0]
      else {
        Issue.record("\(run.outputText)")
        return
      }
      #expect(change["name"] == "layer0.up" && change["what"] == "values")
      #expect(change["max_ulp"] == 1 && change["elements"] == 1 && change["first"] == [1, 8])
      guard case .number(let distance)? = change["max_abs"] else {
        Issue.record("no distance")
        return
      }
      #expect(distance > 0)
      try expectKeys(of: report, schema: "diff")
    }

    let run = try tessera(["diff", "w.npz", "o.safetensors", "--json"], directory: folder.path)
    #expect(run.ending == .exited(1))
    let report = try object(run)
    #expect(report["missing"] == [] && report["extra"] == ["more"] && report["equal_tensors"] == 2)
    guard case .array(let changes)? = report["changed"] else {
      Issue.record("no changes")
      return
    }
    #expect(
      changes.map { change in
        guard case .object(let change) = change, case .string(let name)? = change["name"],
          case .string(let what)? = change["what"]
        else { return "" }
        return "\(name) \(what)"
      } == ["i dtype", "layer0.down dtype", "layer0.down shape"])
    let reverse = try object(
      try tessera(["diff", "o.safetensors", "w.npz", "--json"], directory: folder.path))
    #expect(reverse["missing"] == ["more"] && reverse["extra"] == [])

    let text = try tessera(["diff", "w.npz", "o.safetensors"], directory: folder.path)
    #expect(
      text.outputText == """
        A w.npz
        B o.safetensors
        0 only in A, 1 only in B, 2 changed, 2 equal

        only in B  dtype  shape
        more       U8     [2]

        changed      what   A        B
        i            dtype  I32      F32
        layer0.down  dtype  F32      I32
        layer0.down  shape  [9, 64]  [64, 9]

        """)
  }

  @Test(
    "what cannot be compared ends with 2 and a sentence that names the file",
    arguments: [
      (["w.safetensors", "absent.h5"], "absent.h5: cannot open: no such file"),
      (["j.json", "w.npz"], "j.json: expected a unit checkpoint or a safetensors"),
      (["w.npz", "cut.h5"], "cut.h5: "), (["cut.npz", "m.h5"], "cut.npz: "),
      (["m.h5", "cut.safetensors"], "cut.safetensors: "),
      (["w.npz", "damaged.h5"], "damaged.h5: /intra/2/F32 page "),
      (["damaged.npz", "w.safetensors"], "damaged.npz: "),
    ])
  func refusals(arguments: [String], sentence: String) throws {
    let folder = try folder()
    for (name, from) in [("cut.h5", "m.h5"), ("cut.npz", "w.npz"), ("cut.safetensors", "w.safetensors")] {
      _ = try folder.write(try TemporaryFolder.bytes(of: folder.file(from)).dropLast(9), as: name)
    }
    var checkpoint = try TemporaryFolder.bytes(of: folder.file("m.h5"))
    checkpoint[try #require(checkpoint.lastIndex { $0 != 0 })] ^= 4
    _ = try folder.write(checkpoint, as: "damaged.h5")
    var archive = try TemporaryFolder.bytes(of: folder.file("w.npz"))
    archive[archive.count / 2] ^= 4
    _ = try folder.write(archive, as: "damaged.npz")
    let said = try tessera(["diff"] + arguments, directory: folder.path).sentence()
    #expect(said.hasPrefix(sentence), "\(said)")
  }

  @Test("a wrong command line ends with 64", arguments: [["w.npz"], [], ["w.npz", "m.h5", "w.npz"]])
  func usage(arguments: [String]) throws {
    #expect(try tessera(["diff"] + arguments).ending == .exited(64))
  }

  private func object(_ run: Subprocess) throws -> JSONObject {
    guard case .object(let object) = try JSONParser().parse(run.output) else { return JSONObject() }
    return object
  }
}
