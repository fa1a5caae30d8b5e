import StrictJSON
import TestSupport
import Testing

/// NumPy counts every element of every sub-network, from plans and shapes alone, and must find the same numbers.
@Suite(.enabled(if: Peers.areThere(python: true)))
struct CountInteropTests {
  private static let somePolicy = """
    {"title": "Some names é", "format": "tessera.counting-policy/1", "id": "some-names", "version": 3,
     "names": {"leave_out": ["*weight*", "*.w", "t1*"]}}
    """

  private func judge(_ workshop: Workshop, _ file: String, plan: String, source: String) throws -> JSONObject
  {
    _ = try workshop.folder.write(Array(Self.somePolicy.utf8), as: "some.json")
    let preset = "\(SourceFolder.root)/Sources/Accounting/Policies/all-stored.json"
    let counts = try workshop.tessera(
      "count", file, "--json", "--policy", "all-stored", "--policy", "some.json")
    _ = try workshop.folder.write(counts.output, as: "count.json")
    return try workshop.report("counts.py", [plan, "count.json", source, preset, "some.json"])
  }

  @Test(arguments: InteropCase.allCases.filter { $0.isSmall && $0.hasPlan })
  func numPyCountsEveryRowOfACheckpoint(_ interopCase: InteropCase) throws {
    let workshop = try Workshop()
    try workshop.prepare(interopCase)
    try workshop.tessera("convert", "source.safetensors", "model.h5", "--plan", "plan.json")
    let report = try judge(workshop, "model.h5", plan: "plan.json", source: "source.safetensors")
    #expect(report["failures"] == .array([]))
    guard case .integer(let elements)? = report["elements"], case .integer(let rows)? = report["rows"] else {
      return #expect(Bool(false))
    }
    #expect(elements > 100 && rows >= 6)
  }

  /// Unequal units, common channels, private, compact and expert tensors, an axis with an order of its own in one task,
  /// levels that do not nest.
  private static let shapes = """
    {"format": "tessera.plan/1", "units": 3,
     "axes": {"x": {"size": 23, "units": [[5, 1, 2], [3, 7, 8, 9, 22], [4, 6, 10, 11, 12, 13, 14]],
                    "common": [0, 15, 16, 17, 18, 19, 20, 21]},
              "y{}": {"units": [1, 6, 4]}},
     "tensors": [
       {"name": "a.weight", "dtype": "BF16", "shape": [23, 11, 3], "axes": ["x", "y0", null]},
       {"name": "a.bias", "dtype": "F32", "shape": [23], "axes": ["x"]},
       {"name": "b.weight", "dtype": "F64", "shape": [22, 46],
        "axes": [{"axis": "y1", "outer": 2}, {"axis": "x", "inner": 2}]},
       {"name": "c.weight", "dtype": "I8", "shape": [11, 11, 23], "axes": ["y0", "y1", "x"]},
       {"name": "d.weight", "dtype": "F32", "shape": [5, 36], "axes": [null, {"concat": ["x", {"size": 2}, "y1"]}]},
       {"name": "expert", "dtype": "F16", "shape": [4, 7], "units": [2]},
       {"name": "pair", "dtype": "F16", "shape": [3], "units": [0, 2]},
       {"name": "norm.one.1", "dtype": "F32", "shape": [15], "axes": [{"axis": "x", "compact": true}]},
       {"name": "norm.one.2", "dtype": "F32", "shape": [11], "axes": [{"axis": "x", "compact": true}]},
       {"name": "head.one", "dtype": "F32", "shape": [9, 23], "axes": [null, "x"]},
       {"name": "head.two", "dtype": "F32", "shape": [2, 11], "axes": [null, "y0"]},
       {"name": "whole", "dtype": "U8", "shape": [13]}],
     "tasks": [
       {"name": "one", "order": [2, 0, 1], "levels": [1, [0], [1, 2]], "private": ["head.one"],
        "private_per_level": {"1": ["norm.one.1"], "2": ["norm.one.2"]}},
       {"name": "two", "order": [1, 0, 2], "levels": [2, 3], "private": ["head.two"],
        "axes": {"y1": {"order": [2, 1, 0], "levels": [[0, 2], 1]}}}]}
    """

  @Test func numPyCountsEveryRowOfAPlanWithShapes() throws {
    let workshop = try Workshop()
    _ = try workshop.folder.write(Array(Self.shapes.utf8), as: "plan.json")
    let report = try judge(workshop, "plan.json", plan: "plan.json", source: "-")
    #expect(report["failures"] == .array([]))
    #expect(report["rows"] == 12)
  }

  @Test func numPyCountsThePapersNetworkAndPythonWritesItsPlans() throws {
    let workshop = try Workshop()
    let samples = PaperSample.folder
    let plan = "\(samples)/J1.plan.json"
    let report = try judge(workshop, plan, plan: plan, source: "-")
    #expect(report["failures"] == .array([]))
    #expect(report["rows"] == 10)
    let python = try #require(Peers.python)
    try workshop.run(python, ["-B", "\(samples)/make_plans.py", "."])
    for (ending, count) in [(".plan.json", 7), (".claims.json", 6)] {
      let written = try PaperSample.files(ending, in: workshop.folder.path)
      #expect(try written == PaperSample.files(ending) && written.count == count)
      for name in written { #expect(try workshop.areEqual(name, "\(samples)/\(name)"), "\(name)") }
    }
    let table = try workshop.run(python, ["-B", "\(samples)/compare.py", Peers.tessera]).outputText
    #expect(table.contains("1,838,592 =") && table.contains("29.8M"))
    #expect(table.contains("with-norms    2 of 4  16 of 16  9 of 9  4 of 4  31 of 33\n"))
    #expect(table.contains("larger under 'den-with-selector' (9,400,000 against 6,400,000)"))
  }

  @Test(
    "unions of two networks, and what is not zero, are those of masks joined in NumPy",
    arguments: [["fine:2", "coarse:1"], ["digits:3", "parity:4"], ["fine:1", "fine:4"]])
  func unions(networks: [String]) throws {
    let workshop = try Workshop()
    try workshop.prepare(.fashion)
    try workshop.tessera("convert", "source.safetensors", "model.h5", "--plan", "plan.json")
    _ = try workshop.folder.write(
      Array(
        #"{"format":"tessera.counting-policy/1","id":"nz","version":1,"title":"t","density":"non-zero"}"#.utf8
      ),
      as: "nz.json")
    let truth = try workshop.report("union.py", ["plan.json", "source.safetensors"] + networks)
    #expect(truth["tensors"] == 542)
    let counted = try JSONParser().parse(
      workshop.tessera(
        "count", "model.h5", "--json", "--policy", "all-stored", "--policy", "nz.json", "--union",
        networks.joined(separator: ",")
      ).output)
    guard case .object(let object) = counted, case .array(let policies)? = object["policies"],
      case .object(let dense) = policies[0], case .object(let union)? = dense["union"],
      case .object(let sparse) = policies[1], case .array(let rows)? = sparse["rows"]
    else { return #expect(Bool(false)) }
    #expect(union["parameters"] == truth["together"] && union["separate"] == truth["separate"])
    let nonZero = networks.map { name in
      rows.lazy.compactMap { row -> JSONValue? in
        guard case .object(let row) = row, case .string(let task)? = row["task"],
          case .integer(let level)? = row["level"], "\(task):\(level)" == name
        else { return nil }
        return row["parameters"]
      }.first ?? .null
    }
    #expect(truth["nonzero"] == .array(nonZero))
  }
}
