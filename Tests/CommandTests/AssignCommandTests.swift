import StrictJSON
import TestSupport
import Testing

@Suite("assign")
struct AssignCommandTests {
  private static let fashion = "\(SourceFolder.root)/samples/fashion"
  private static let study = "\(fashion)/study"

  private static let refusals: [(arguments: [String], code: Int32, sentence: String)] = [
    (
      // The norms of each level are compact.
      ["levels.h5", "--rule", "adjacent", "-o", "x.h5"], 2,
      "expected units [2, 1, 3] at level 3 of task 'digits', because it has only their channels, found [2, 1, 0]"
    ),
    (
      ["levels.h5", "--learn", "ablation", "--data", "\(study)/learn.npz"], 2,
      "expected units [0, 1] at level 2 of task 'fine'"
    ),
    (
      ["weights.safetensors", "--rule", "nearest"], 2,
      "expected a unit checkpoint or a plan, found flat weights"
    ),
    (
      ["flat.h5", "--learn", "activations", "--data", "\(study)/learn.npz"], 2,
      "expected a graph for --learn activations"
    ),
    (
      ["whole.h5", "--learn", "ablation", "--data", "few.npz"], 2,
      "array 'a': expected TASK.INPUT or TASK.labels, INPUT or labels, found another name"
    ),
    (
      ["whole.h5", "--order", "order.json", "-o", "x.h5"], 2,
      "order.json: fine[1]: expected the number of a unit, found 9999"
    ),
    (
      ["whole.h5", "--order", "short.json", "-o", "x.h5"], 2,
      "expected at most 2 units, as many as the order has"
    ),
    (
      ["whole.h5", "--order", "stranger.json", "-o", "x.h5"], 2,
      "expected 'fine', 'coarse', 'digits' or 'parity', found 'fines'; the nearest name is 'fine'"
    ),
    (["plan.json", "--learn", "weights"], 2, "plan.json: expected --weights for --learn"),
    (["plan.json", "--rule", "nearest", "-o", "x.h5"], 2, "expected a name that ends in .json"),
    (
      ["whole.h5", "--rule", "nearest", "--learn", "weights"], 64,
      "expected one of --rule, --order and --learn"
    ),
    (["whole.h5", "--learn", "weights", "--data", "d.npz"], 64, "--learn weights uses no --data"),
    (["whole.h5", "--learn", "ablation"], 64, "expected --data for --learn ablation"),
    (["whole.h5", "-o", "x.h5"], 64, "expected --rule, --order or --learn for -o"),
    (["whole.h5", "--seed", "3"], 64, "--seed goes with --learn"),
    (["whole.h5", "--rule", "nearest", "-o", "whole.h5"], 64, "would replace FILE"),
  ]

  private static func prepare(_ folder: TemporaryFolder) throws {
    for (source, file, plan) in [
      ("\(fashion)/network.onnx", "levels.h5", "\(fashion)/plan.json"),
      ("\(study)/whole.onnx", "whole.h5", "\(study)/plan.json"),
    ] {
      let run = try Subprocess.run(
        Peers.tessera, ["convert", source, file, "--plan", plan, "--no-prove"], directory: folder.path)
      #expect(run.code == 0, "\(run.errorText)")
    }
    let flat: [SampleWeights.Row] = [("a", "F32", [8, 6]), ("head", "F32", [3, 8])]
    _ = try folder.write(SampleWeights.bytes(flat, seed: 1), as: "weights.safetensors")
    let documents = [
      "flat.json":
        "{\"format\": \"tessera.plan/1\", \"units\": 2, \"axes\": {\"x\": {\"size\": 8}}, \"tensors\": [{\"name\": \"a\", \"axes\": [\"x\", null]}, {\"name\": \"head\", \"axes\": [null, \"x\"]}], \"tasks\": [{\"name\": \"t\", \"private\": [\"head\"]}]}",
      "order.json": "{\"fine\": [0, 9999]}", "short.json": "{\"fine\": [0, 1]}",
      "stranger.json": "{\"fines\": [0, 1, 2, 3]}",
    ]
    for (name, text) in documents { _ = try folder.write(Array(text.utf8), as: name) }
    _ = try folder.write(try TemporaryFolder.bytes(of: "\(study)/plan.json"), as: "plan.json")
    for arguments in [
      ["convert", "weights.safetensors", "flat.h5", "--plan", "flat.json"],
      ["convert", "weights.safetensors", "few.npz"],
    ] {
      let run = try Subprocess.run(Peers.tessera, arguments, directory: folder.path)
      #expect(run.code == 0, "\(run.errorText)")
    }
  }

  @Test("a wrong request or file is refused in one sentence, and leaves nothing behind")
  func refused() throws {
    let folder = try TemporaryFolder()
    try Self.prepare(folder)
    let before = try folder.names()
    for (arguments, code, sentence) in Self.refusals {
      let run = try Subprocess.run(Peers.tessera, ["assign"] + arguments, directory: folder.path)
      #expect(run.code == code && run.errorText.contains(sentence), "\(arguments): \(run.errorText)")
      #expect(run.output.isEmpty)
      #expect(try folder.names() == before)
    }
    #expect(Self.refusals.count == 16)
  }

  @Test("without a graph, private tensors are enough; a plan gives the same orders as its checkpoint")
  func withoutGraph() throws {
    let folder = try TemporaryFolder()
    try Self.prepare(folder)
    let stored = try Subprocess.run(
      Peers.tessera, ["assign", "flat.h5", "--learn", "weights", "-o", "new.h5", "--json"],
      directory: folder.path)
    let planned = try Subprocess.run(
      Peers.tessera,
      [
        "assign", "flat.json", "--weights", "weights.safetensors", "--learn", "weights", "-o", "new.json",
        "--json",
      ],
      directory: folder.path)
    #expect(stored.code == 0 && planned.code == 0)
    guard case .object(let one) = try JSONParser().parse(stored.output),
      case .object(let other) = try JSONParser().parse(planned.output)
    else { return #expect(Bool(false)) }
    #expect(one["affinities"] == other["affinities"] && one["tasks"] == other["tasks"] && one["tasks"] != nil)
    // The file keeps them, and prints them again.
    for file in ["new.h5", "new.json"] {
      let again = try Subprocess.run(Peers.tessera, ["assign", file, "--json"], directory: folder.path)
      guard case .object(let document) = try JSONParser().parse(again.output) else {
        return #expect(Bool(false))
      }
      #expect(document["affinities"] == one["affinities"] && document["method"] == "weights")
    }
    // An order by hand replaces the record.
    _ = try folder.write(Array("{\"t\": [1, 0]}".utf8), as: "o.json")
    let byHand = try Subprocess.run(
      Peers.tessera, ["assign", "new.h5", "--order", "o.json", "-o", "hand.h5", "--json"],
      directory: folder.path)
    guard case .object(let document) = try JSONParser().parse(byHand.output) else {
      return #expect(Bool(false))
    }
    #expect(document["rule"] == "by-hand" && document["affinities"] == nil)
  }
}
