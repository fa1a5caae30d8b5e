import TestSupport
import Testing

/// Impossible owner maps and masks are refused with one sentence by the first command that reads them.
@Suite("Owner maps and masks")
struct ElementTests {
  private static let owners = #""owners": {"{}.weight": "{}.owner"}"#
  private static let masks = #""masks": {"{}.weight": "mask_{task}_{}"}"#

  struct Case: CustomStringConvertible, Sendable {
    let rows: [SampleWeights.Row]
    let family: String
    let said: String
    /// The file that the sentence names.
    var file = "f.json"
    var description: String { said }
  }

  static let families = [
    Case(
      rows: [("a.weight", "F32", [3, 40]), ("a.owner", "U8", [3, 40])], family: owners,
      said:
        "tensor 'a.weight': its owner map 'a.owner': expected owners of 0 (free) to 2, a task each, found ",
      file: "w.safetensors"),
    Case(
      rows: [("a.weight", "F32", [3, 4]), ("a.owner", "U8%3", [12])], family: owners,
      said:
        "tensor 'a.weight': its owner map 'a.owner': expected U8 [3, 4], an owner for each element, found U8 [12]",
      file: "w.safetensors"),
    Case(
      rows: [("a.weight", "F32", [3, 4]), ("a.owner", "I8", [3, 4])], family: owners,
      said:
        "tensor 'a.weight': its owner map 'a.owner': expected U8 [3, 4], an owner for each element, found I8 [3, 4]",
      file: "w.safetensors"),
    Case(
      rows: [("a.weight", "F32", [3, 4]), ("a.owners", "U8%3", [3, 4])], family: owners,
      said:
        "owners: expected the name of a tensor, found 'a.owner', which matches none; the nearest name is 'a.owners'"
    ),
    Case(
      rows: [("a.weight", "F8_E8M0", [3, 4]), ("a.owner", "U8%3", [3, 4])], family: owners,
      said:
        "tensor 'a.weight': expected a dtype of whole bytes that has a zero, for elements with owners, found F8_E8M0"
    ),
    Case(
      rows: [("a.weight", "F32", [3, 4])], family: #""owners": {"{}.weight": "{}.{}.owner"}"#,
      said:
        #"owners["{}.weight"]: expected at most as many wildcards as '{}.weight' has, found '{}.{}.owner'"#),
    Case(
      rows: [("a.weight", "F32", [3, 4])], family: #""per_task": ["head.{task}.*"]"#,
      said: "per_task[0]: expected the name of a tensor, found 'head.{task}.*', which matches none"),
    Case(
      rows: [("a.1.weight", "F32", [3, 4])],
      family: #""per_level": ["a.{level}.weight", "b.{level}.weight"]"#,
      said:
        "per_level[1]: expected the name of a tensor, found 'b.{level}.weight', which matches none; the nearest name is 'a.1.weight'"
    ),
    Case(
      rows: [("a.weight", "F32", [3, 4])], family: #""skipped": {"1": ["a.weight", "b.weight"]}"#,
      said:
        "skipped.1[1]: expected the name of a tensor, found 'b.weight', which matches none; the nearest name is 'a.weight'"
    ),
    Case(
      rows: [("a.weight", "F32", [3, 4])], family: #""owners": {}"#,
      said: "owners: expected at least one pattern, found none"),
    Case(
      rows: [("a.weight", "F32", [3, 4])], family: #""owners": {"a": "b"}, "widths": [1]"#,
      said: #"document: expected either "widths" or "owners", found both"#),
    Case(
      rows: [("a.weight", "F32", [3, 4]), ("mask_x_a", "U8", [4, 3])], family: masks,
      said:
        "tensor 'a.weight': its mask 'mask_x_a': expected a whole tensor of U8 or BOOL [3, 4], found U8 [4, 3]"
    ),
    Case(
      rows: [("a.weight", "F32", [3, 4]), ("mask_x_a", "I8", [3, 4])], family: masks,
      said:
        "tensor 'a.weight': its mask 'mask_x_a': expected a whole tensor of U8 or BOOL [3, 4], found I8 [3, 4]"
    ),
    Case(
      rows: [("a.weight", "F32", [3, 4]), ("mask_z_a", "U8", [3, 4])], family: masks,
      said:
        "masks[\"{}.weight\"]: expected the name of a tensor, found 'mask_{task}_{}', which matches none; the nearest name is 'mask_z_a'"
    ),
    Case(
      rows: [("a.weight", "F32", [3, 4])], family: #""masks": {"{}.weight": "mask_{}"}"#,
      said: #"masks["{}.weight"]: expected a name that contains {task} or {level}, found 'mask_{}'"#),
  ]

  /// Twenty thousand patterns, two tasks and three thousand names.
  private static let greedy = Case(
    rows: (0..<3_000).map { ("t\($0)", "U8", [1]) },
    family: #""per_task": \#([String](repeating: "{task}", count: 20_000))"#,
    said:
      "tasks: expected tasks, levels and patterns that need at most 100,000,000 comparisons with tensor names, found more"
  )

  /// A hundred thousand rules for masks, and three thousand names.
  private static let greedyMasks = Case(
    rows: greedy.rows,
    family: #""masks": {\#((0..<100_000).map { #""*a\#($0)*": "m*{task}*""# }.joined(separator: ", "))}"#,
    said: greedy.said)

  @Test("of two thousand tensors are read in time")
  func manyMaps() throws {
    let folder = try TemporaryFolder()
    let rows = (0..<2_000).flatMap { [("l\($0).weight", "F32", [4]), ("l\($0).owner", "U8%3", [4])] }
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    _ = try folder.write(
      #"{"format": "tessera.family/1", "family": "f", "tasks": ["x", "y"], \#(Self.owners)}"#, as: "f.json")
    for arguments in [["--family", "f.json", "-o", "plan.json"], ["--plan", "plan.json"]] {
      let run = try tessera(["plan", "w.safetensors"] + arguments, directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
    }
  }

  @Test("of families", arguments: families + [greedy, greedyMasks])
  func family(of sample: Case) throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(SampleWeights.bytes(sample.rows), as: "w.safetensors")
    _ = try folder.write(
      #"{"format": "tessera.family/1", "family": "f", "tasks": ["x", "y"], \#(sample.family)}"#, as: "f.json")
    let run = try tessera(
      ["plan", "w.safetensors", "--family", "f.json", "-o", "plan.json"], directory: folder.path)
    #expect(run.sentence().hasPrefix("\(sample.file): \(sample.said)"), "\(run.errorText)")
    #expect(run.ending == .exited(2))
  }

  /// Members of the entry for `a`, and the expected sentence.
  static let plans = [
    (
      #""owners": {"map": "m", "elements": [3, 5, 3]}"#,
      "plan.json: tensor 'a': expected numbers of elements that add up"
    ),
    (
      #""owners": {"map": "m", "elements": [3, 9]}"#,
      "plan.json: tensor 'a': expected 3 numbers of elements: free ones"
    ),
    (
      #""owners": {"map": "a", "elements": [3, 5, 4]}"#,
      "plan.json: tensor 'a': its owner map 'a': expected another tensor"
    ),
    (
      #""owners": {"map": "z", "elements": [3, 5, 4]}"#,
      "plan.json: tensor 'a': its owner map 'z': expected another tensor"
    ),
    (
      #""owners": {"map": "cut", "elements": [3, 5, 4]}"#,
      "plan.json: tensor 'a': its owner map 'cut': expected a whole tensor"
    ),
    (
      #""owners": {"map": "own", "elements": [3, 5, 4]}"#,
      "plan.json: tensor 'a': its owner map 'own': expected a tensor with the same users, or a shared one, found a tensor of task 't'"
    ),
    (
      #""owners": {"map": "m", "elements": [12, 0, 0]}"#,
      "w.safetensors: owner map 'm' of 'a': expected 0 elements of owner 1, as in the plan, found more"
    ),
    (
      #""owners": {"map": "m", "elements": [0, 6, 6]}"#,
      "w.safetensors: owner map 'm' of 'a': expected 0 elements of owner 0, as in the plan, found more"
    ),
    (#""owners": {"map": "m"}"#, #"plan.json: tensors[0].owners: expected "elements", found no such key"#),
    (
      #""owners": {"map": "m", "elements": [3, 5, 4]}, "mask": "m""#,
      #"plan.json: tensors[0]: expected either "owners" or "mask", found both"#
    ),
    (
      #""owners": {"map": "m", "elements": [3, 5, 4]}, "units": [0]"#,
      #"plan.json: tensors[0]: expected either "owners" or "units", found both"#
    ),
    (
      #""mask": "m", "axes": ["x", null]"#,
      #"plan.json: tensors[0]: expected either "mask" or "axes", found both"#
    ),
    (
      #""mask": "cut""#,
      "plan.json: tensor 'a': its mask 'cut': expected a whole tensor of U8 or BOOL [3, 4], found a cut tensor"
    ),
    (
      #""mask": "z""#,
      "plan.json: tensors[0].mask: expected the name of a tensor, found 'z', which matches none"
    ),
  ]

  @Test("of plans", arguments: plans)
  func plan(members: String, said: String) throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(
      SampleWeights.bytes([
        ("a", "F32", [3, 4]), ("m", "U8%3", [3, 4]), ("cut", "U8", [3, 4]), ("own", "U8", [3, 4]),
      ]), as: "w.safetensors")
    _ = try folder.write(
      """
      {"format": "tessera.plan/1", "units": 2, "axes": {"x": {"size": 4}},
       "tensors": [{"name": "a", \(members)}, {"name": "cut", "axes": [null, "x"]}],
       "tasks": [{"name": "t", "order": [0, 1], "levels": [1, 2], "private": ["own"]}, {"name": "u", "order": [1, 0], "levels": [2]}]}
      """, as: "plan.json")
    let run = try tessera(
      ["convert", "w.safetensors", "m.h5", "--plan", "plan.json"], directory: folder.path)
    #expect(run.sentence().hasPrefix(said), "\(run.errorText)")
    #expect(run.ending == .exited(2))
    #expect(try folder.temporaries().isEmpty)
  }

  /// Weights and family of a plan, and the expected notes.
  static let notes: [(rows: [SampleWeights.Row], family: String, said: [String])] = [
    (
      [
        ("a.weight", "F32", [3, 4]), ("b.weight", "F32", [5]), ("mask_x_a", "U8", [3, 4]),
        ("mask_x_b", "U8", [5]), ("mask_y_a", "U8", [3, 4]),
      ],
      masks,
      [
        "note: task 'y' has no mask for 1 of 2 tensors with masks and uses all their elements: 'b.weight'",
        "2 tensors are left whole and common, with 3 masks, which remove elements",
      ]
    ),
    (
      [
        ("a.weight", "F32", [3, 4]), ("a.owner", "U8%3", [3, 4]), ("b.c.weight", "F32", [2, 2]),
        ("b.c.owner", "U8%3", [2, 2]), ("head.x", "F32", [2]),
      ],
      owners + #", "per_task": ["head.{task}"]"#,
      [
        "note: task 'y' has no tensor that matches 'head.{task}'; other tasks have one",
        "note: 1 byte tensor with the shape of another tensor is not used as a map or mask: 'b.c.owner'",
      ]
    ),
    // Without the task, the mask has the name of its tensor.
    (
      [("a.weight", "F32", [3, 4]), ("x.a.weight", "U8", [3, 4]), ("y.a.weight", "BOOL", [3, 4])],
      #""masks": {"{}.weight": "{task}.{}.weight"}"#,
      ["1 tensor is left whole and common, with 2 masks, which remove elements"]
    ),
  ]

  @Test("that a plan lacks, or does not use, are reported", arguments: notes)
  func told(rows: [SampleWeights.Row], family: String, said: [String]) throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    _ = try folder.write(
      #"{"format": "tessera.family/1", "family": "f", "tasks": ["x", "y"], \#(family)}"#, as: "f.json")
    let run = try tessera(
      ["plan", "w.safetensors", "--family", "f.json", "-o", "plan.json"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    let lines = run.errorText.split(separator: "\n").map(String.init)
    for sentence in said { #expect(lines.contains(sentence), "\(run.errorText)") }
    let convert = try tessera(
      ["convert", "w.safetensors", "m.h5", "--plan", "plan.json"], directory: folder.path)
    #expect(convert.ending == .exited(0), "\(convert.errorText)")
    // A task with one level needs no --level.
    let extract = try tessera(["extract", "m.h5", "x.npz", "--task", "x"], directory: folder.path)
    #expect(extract.ending == .exited(0), "\(extract.errorText)")
  }

  @Test("of a plan are held against weights without converting them")
  func checked() throws {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = [("a.weight", "F32", [30, 4]), ("a.owner", "U8%3", [30, 4])]
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    _ = try folder.write(SampleWeights.bytes(rows, seed: 2), as: "other.safetensors")
    _ = try folder.write(
      #"{"format": "tessera.family/1", "family": "f", "tasks": ["x", "y"], \#(Self.owners)}"#, as: "f.json")
    let run = try tessera(
      ["plan", "w.safetensors", "--family", "f.json", "-o", "plan.json"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    #expect(
      try tessera(["plan", "w.safetensors", "--plan", "plan.json"], directory: folder.path).ending
        == .exited(0))
    let said = try tessera(["plan", "other.safetensors", "--plan", "plan.json"], directory: folder.path)
      .sentence()
    #expect(said.hasPrefix("other.safetensors: owner map 'a.owner' of 'a.weight': expected "), "\(said)")
    #expect(said.contains(" elements of owner ") && said.contains(", as in the plan, found "), "\(said)")
  }
}
