import StrictJSON
import TestSupport
import Testing

/// Files in the formats of this family's methods: planned, stored, returned bit for bit, counted, extracted.
@Suite(.enabled(if: Peers.areThere(python: true)))
struct FamilyTests {
  private static let samples = SourceFolder.root + "/samples/family"

  /// The counts of every (task, level), then of everything stored, under a policy.
  static let golden: [(name: String, policy: String, expected: [Int64])] = [
    ("nested", "weights-only", [313, 937, 2471, 2584]), ("nested", "all-stored", [414, 1038, 2572, 2685]),
    ("slimmable", "all-stored", [278, 821, 1634, 2717, 2909]),
    // Norms count as 0, and every width counts the full tensors.
    ("slimmable", "slimmable-profiler", [2589, 2589, 2589, 2589, 2589]),
    ("once-for-all", "all-stored", [613, 1514, 2170, 2170]),
    ("once-for-all", "ofa", [532, 1352, 2008, 2008]),
    // The selector has 36 elements.
    ("deep-elastic", "den-with-selector", [198, 342, 300, 444, 462]),
    ("deep-elastic", "den-estimator-only", [162, 306, 264, 408, 426]),
    ("matformer", "all-stored", [496, 624, 880, 1968, 1968]), ("adapters", "all-stored", [248, 276, 332]),
    ("adapters", "adashare-state-dict", [332, 332, 332]),
    ("experts", "all-stored", [144, 264, 384, 504, 504]),
    ("piggyback", "pytorch-parameters", [2584, 2624, 2724]),
    ("piggyback", "piggyback-as-stored", [5068, 5108, 7692]),
    ("packnet", "packnet-with-masks", [5068, 5108, 5048, 5288]),
    ("packnet", "pytorch-parameters", [2584, 2624, 2564, 2804]),
  ]

  static let names = [
    "nested", "slimmable", "once-for-all", "deep-elastic", "matformer", "adapters", "experts", "piggyback",
    "packnet",
  ]

  private func rows(_ workshop: Workshop, _ file: String, _ policy: String) throws -> [JSONObject] {
    let output = try workshop.tessera("count", file, "--json", "--policy", policy).output
    guard case .object(let object) = try JSONParser().parse(output),
      case .array(let policies)? = object["policies"],
      case .object(let table)? = policies.first, case .array(let rows)? = table["rows"]
    else { return [] }
    return rows.compactMap { if case .object(let row) = $0 { row } else { nil } }
  }

  private func prepare(_ name: String) throws -> Workshop {
    let workshop = try Workshop()
    try workshop.tessera(
      "plan", "\(Self.samples)/\(name).safetensors", "--family", "\(Self.samples)/\(name).family.json", "-o",
      "plan.json")
    try workshop.tessera("convert", "\(Self.samples)/\(name).safetensors", "model.h5", "--plan", "plan.json")
    return workshop
  }

  @Test("every method's file comes back bit for bit, and is valid", arguments: names)
  func roundTrips(name: String) throws {
    let workshop = try prepare(name)
    try workshop.tessera("convert", "model.h5", "back.safetensors")
    #expect(try workshop.areEqual("back.safetensors", "\(Self.samples)/\(name).safetensors"))
    try workshop.tessera("validate", "--deep", "model.h5")
    let policy = "\(SourceFolder.root)/Sources/Accounting/Policies/all-stored.json"
    _ = try workshop.folder.write(
      try workshop.tessera("count", "model.h5", "--json", "--policy", "all-stored").output, as: "count.json")
    let report = try workshop.report(
      "counts.py", ["plan.json", "count.json", "\(Self.samples)/\(name).safetensors", policy])
    #expect(report["failures"] == .array([]))
  }

  @Test("every method is counted as it counts itself, and as others do", arguments: golden)
  func counted(name: String, policy: String, expected: [Int64]) throws {
    let workshop = try prepare(name)
    let found = try rows(workshop, "model.h5", policy).map { $0["parameters"] }
    #expect(found == expected.map { .integer($0) })
  }

  @Test("every (task, level) is extracted with as many elements as are counted", arguments: names)
  func extracts(name: String) throws {
    let workshop = try prepare(name)
    // Masks and owner maps are already applied in extracted tensors.
    let policy = ["piggyback", "packnet"].contains(name) ? "pytorch-parameters" : "all-stored"
    var extracted = 0
    for row in try rows(workshop, "model.h5", policy) {
      guard case .string(let task)? = row["task"], case .integer(let level)? = row["level"] else { continue }
      try workshop.tessera(
        "extract", "model.h5", "small.safetensors", "--task", task, "--level", "\(level)")
      let small = try rows(workshop, "small.safetensors", "all-stored")
      #expect(small.first?["parameters"] == row["parameters"], "\(task), \(level)")
      extracted += 1
    }
    #expect(extracted >= 1)
  }

  @Test("what the task's mask leaves out is zero in what is extracted, and everything else as it was")
  func masks() throws {
    let workshop = try prepare("piggyback")
    try workshop.tessera("extract", "model.h5", "cars.safetensors", "--task", "cars", "--level", "1")
    let python = try #require(Peers.python)
    let script = """
      import sys
      from safetensors.numpy import load_file
      a, b = load_file("cars.safetensors"), load_file(sys.argv[1])
      assert set(a) == {"conv1.weight", "conv2.weight", "classifiers.weight"}, set(a)
      for name in ["conv1", "conv2"]:
          kept = b[f"masks.cars.{name}"] != 0
          assert 0 < kept.sum() < kept.size
          assert (a[f"{name}.weight"] == b[f"{name}.weight"] * kept).all()
      assert (a["classifiers.weight"] == b["classifiers.cars.weight"]).all()
      """
    try workshop.run(python, ["-c", script, "\(Self.samples)/piggyback.safetensors"])
  }

  @Test("masks take a byte an element as they are stored, and a bit in the ideal")
  func bits() throws {
    let workshop = try prepare("piggyback")
    let stored = try rows(workshop, "model.h5", "piggyback-as-stored").map { $0["bytes"] }
    let ideal = try rows(workshop, "model.h5", "piggyback-ideal-bits").map { $0["bytes"] }
    // A mask of 2,484 elements takes 2,484 bytes, or 310.5 bytes of bits; the 4,968 of two tasks take 621.
    #expect(stored == [12820, 12980, 15864] && ideal == [10647, 10807, 11517])
  }

  @Test("make.py writes the committed files")
  func generated() throws {
    let workshop = try Workshop()
    let python = try #require(Peers.python)
    try workshop.run(python, ["-B", "\(Self.samples)/make.py", "."])
    for name in Self.names {
      for file in ["\(name).safetensors", "\(name).family.json"] {
        #expect(try workshop.areEqual(file, "\(Self.samples)/\(file)"), "\(file)")
      }
    }
  }

  static let refused: [(text: String, sentence: String)] = [
    (#"{"format": "tessera.family/1"}"#, "family.json: plan: expected \"family\", found no such key"),
    (
      #"{"format": "tessera.family/1", "family": "x", "widths": [0.5]}"#,
      "family.json: widths: expected widths that ascend to 1, or groups that add up to 1, found 0.5"
    ),
    (
      #"{"format": "tessera.family/1", "family": "x", "widths": [1], "groups": [1]}"#,
      "family.json: document: expected either \"widths\" or \"groups\", found both"
    ),
    (
      #"{"format": "tessera.family/1", "family": "x", "groups": [0.5, 1.5]}"#,
      "family.json: groups[1]: expected a fraction above 0 and up to 1, found 1.5"
    ),
    (#"{"format": "tessera.family/1", "family": "x", "per_level": ["bn.*"]}"#, "family.json: per_level[0]: "),
    (#"{"format": "tessera.family/1", "family": "x", "experts": "expert{}.*"}"#, "family.json: experts: "),
    (
      #"{"format": "tessera.family/1", "family": "x", "cuts": {"conv1.weight": "c,-,-,-"}, "channel_masks": {"c": ["mask"]}}"#,
      "\(samples)/nested.safetensors: expected the mask 'mask', found none"
    ),
    (
      #"{"format": "tessera.family/1", "family": "x", "cuts": {"conv1.weight": "c,-,-,-"}, "channel_masks": {"c": ["masks.c2.0"]}}"#,
      "family.json: tensor 'masks.c2.0', dimension 0"
    ),
    (
      #"{"format": "tessera.family/2", "family": "x"}"#,
      "family.json: format: expected 'tessera.family/1', found 'tessera.family/2'"
    ),
  ]

  @Test("a description that cannot be is refused in one sentence", arguments: refused)
  func refusals(text: String, sentence: String) throws {
    let workshop = try Workshop()
    _ = try workshop.folder.write(Array(text.utf8), as: "family.json")
    let run = try Subprocess.run(
      Peers.tessera, ["plan", "\(Self.samples)/nested.safetensors", "--family", "family.json"],
      directory: workshop.folder.path)
    #expect(run.ending == .exited(2))
    #expect(run.errorText.hasPrefix("tessera: \(sentence)"), "\(run.errorText)")
    #expect(run.errorText.split(separator: "\n").count == 1)
  }
}
