import StrictJSON
import TestSupport
import Testing

/// Owner maps and masks that cannot be are refused by the command that meets them first, in one sentence.
@Suite("Owner maps and masks")
struct ElementTests {
  private static let owners = #""owners": {"{}.weight": "{}.owner"}"#
  private static let masks = #""masks": {"{}.weight": "mask_{task}_{}"}"#

  struct Case: CustomStringConvertible, Sendable {
    let rows: [SampleWeights.Row]
    let family: String
    let said: String
    /// Whose fault it is.
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
      said: #"owners["{}.weight"]: expected no more wildcards than '{}.weight' has, found '{}.{}.owner'"#),
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
      said: #"masks["{}.weight"]: expected a name that holds {task} or {level}, found 'mask_{}'"#),
  ]

  /// Twenty thousand patterns, two tasks and three thousand names.
  private static let greedy = Case(
    rows: (0..<3_000).map { ("t\($0)", "U8", [1]) },
    family: #""per_task": \#([String](repeating: "{task}", count: 20_000))"#,
    said:
      "tasks: expected tasks, levels and patterns that meet the tensors' names at most 100000000 times, found more"
  )

  @Test("of families", arguments: families + [greedy])
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

  /// Members of the entry for `a`, and what is said of it.
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
      "plan.json: tensor 'a': its owner map 'own': expected a tensor with the same users"
    ),
    (
      #""owners": {"map": "m", "elements": [12, 0, 0]}"#,
      "w.safetensors: owner map 'm' of 'a': expected 0 elements of owner 1, as the plan says, found more"
    ),
    (
      #""owners": {"map": "m", "elements": [0, 6, 6]}"#,
      "w.safetensors: owner map 'm' of 'a': expected 0 elements of owner 0, as the plan says, found more"
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
      "plan.json: tensor 'a': its mask 'cut': expected a whole tensor of U8 or BOOL [3, 4], found a cut one"
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

  @Test("of a thousand tasks are counted one by one, in time and memory")
  func manyTasks() throws {
    let folder = try TemporaryFolder()
    let tasks = (0..<600).map { "t\($0)" }
    let rows = tasks.map { ("mask_\($0)_a", "U8%2", [65_536]) }
    let bytes = SampleWeights.bytes([("a.weight", "F16", [65_536])] + rows)
    _ = try folder.write(bytes, as: "w.safetensors")
    _ = try folder.write(
      #"{"format": "tessera.family/1", "family": "f", "tasks": \#(tasks), \#(Self.masks)}"#, as: "f.json")
    _ = try folder.write(
      #"{"format": "tessera.counting-policy/1", "id": "p", "version": 1, "title": "t", "density": "masked", "names": {"only": ["a.*"]}}"#,
      as: "p.json")
    for arguments in [
      ["plan", "w.safetensors", "--family", "f.json", "-o", "plan.json"],
      ["convert", "w.safetensors", "m.h5", "--plan", "plan.json"],
    ] {
      let run = try tessera(arguments, directory: folder.path, timeout: 20)
      #expect(run.ending == .exited(0), "\(run.errorText)")
    }
    let run = try tessera(
      ["count", "m.h5", "--policy", "p.json", "--json"], directory: folder.path, timeout: 20)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    // The last mask ends the file; somebody has every element.
    let last = bytes.suffix(65_536).count { $0 != 0 }
    guard case .object(let document) = try JSONParser().parse(run.output),
      case .array(let policies)? = document["policies"], case .object(let table)? = policies.first,
      case .array(let found)? = table["rows"]
    else { return #expect(Bool(false)) }
    let numbers = found.map { row -> JSONValue? in
      if case .object(let row) = row { row["parameters"] } else { nil }
    }
    #expect(numbers.count == 601 && numbers.suffix(2) == [.integer(Int64(last)), .integer(65_536)])
  }
}
