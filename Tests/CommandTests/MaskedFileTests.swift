import StrictJSON
import TestSupport
import Testing

/// The command counts the elements that owner maps and masks keep, as policies require.
@Suite("Counts under owner maps and masks")
struct MaskedFileTests {
  @Test("of a thousand tasks are counted one by one, in time and memory")
  func manyTasks() throws {
    let folder = try TemporaryFolder()
    let tasks = (0..<1_000).map { "t\($0)" }
    let rows = tasks.map { ("mask_\($0)_a", "U8%2", [65_536]) }
    let bytes = SampleWeights.bytes([("a.weight", "F16", [65_536])] + rows)
    _ = try folder.write(bytes, as: "w.safetensors")
    _ = try folder.write(
      #"{"format": "tessera.family/1", "family": "f", "tasks": \#(tasks), "masks": {"{}.weight": "mask_{task}_{}"}}"#,
      as: "f.json")
    _ = try folder.write(
      #"{"format": "tessera.counting-policy/1", "id": "p", "version": 1, "title": "t", "density": "masked", "names": {"only": ["a.*"]}}"#,
      as: "p.json")
    for arguments in [
      ["plan", "w.safetensors", "--family", "f.json", "-o", "plan.json"],
      ["convert", "w.safetensors", "m.h5", "--plan", "plan.json"],
    ] {
      let run = try tessera(arguments, directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
    }
    let run = try tessera(
      ["count", "m.h5", "--policy", "p.json", "--json"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    // The last mask ends the file; every element has an owner.
    let last = bytes.suffix(65_536).count { $0 != 0 }
    guard case .object(let document) = try JSONParser().parse(run.output),
      case .array(let policies)? = document["policies"], case .object(let table)? = policies.first,
      case .array(let found)? = table["rows"]
    else { return #expect(Bool(false)) }
    let numbers = found.map { row -> JSONValue? in
      if case .object(let row) = row { row["parameters"] } else { nil }
    }
    #expect(numbers.count == 1_001 && numbers.suffix(2) == [.integer(Int64(last)), .integer(65_536)])
  }

  @Test(
    "are counted side by side in bytes where policies give them other bits, and need a plan to be laid on")
  func bytes() throws {
    let folder = try TemporaryFolder()
    let samples = SourceFolder.root + "/samples/family"
    for arguments in [
      [
        "plan", "\(samples)/packnet.safetensors", "--family", "\(samples)/packnet.family.json", "-o",
        "plan.json",
      ],
      ["convert", "\(samples)/packnet.safetensors", "m.h5", "--plan", "plan.json"],
    ] {
      let run = try tessera(arguments, directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
    }
    let policies = ["--policy", "packnet-with-masks", "--policy", "piggyback-ideal-bits"]
    let both = try tessera(["count", "m.h5"] + policies, directory: folder.path).outputText
    #expect(
      both.contains("in bytes\ntask      level       a       b\none           1  12,820  10,647\n"), "\(both)"
    )
    let one = try tessera(["count", "m.h5", "--policy", "packnet-with-masks"], directory: folder.path)
      .outputText
    #expect(one.contains("0.0128"), "\(one)")
    let masked = "\(samples)/left-by-masks.policy.json"
    let said = try tessera(["count", "\(samples)/packnet.safetensors", "--policy", masked]).sentence()
    #expect(
      said.hasSuffix(
        "expected a plan that names the masks or owner maps (density masked), found only tensors"
      ), "\(said)")
    let text = try tessera(["count", "m.h5", "--policy", masked], directory: folder.path).outputText
    #expect(text.contains("left out whole: conv1.owner, conv2.owner\n"), "\(text)")
    _ = try folder.write(
      #"{"format": "tessera.counting-policy/1", "id": "p", "version": 1, "title": "t", "names": {"leave_out": ["conv*", "con"]}, "trainable": {"frozen": ["x.*"]}, "assign": [{"match": "y", "part": "head"}]}"#,
      as: "p.json")
    let slips = try tessera(["count", "m.h5", "--policy", "p.json"], directory: folder.path).outputText
    #expect(
      slips.contains(
        "note: no tensor matches the policy's assign 'y', names.leave_out 'con', trainable.frozen 'x.*'\n"),
      "\(slips)")
  }
}
