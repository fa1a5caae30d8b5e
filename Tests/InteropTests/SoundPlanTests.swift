import Foundation
import StrictJSON
import TestSupport
import Testing

/// Proposed plans are sound: ONNX Runtime accepts every sub-network, and each equals its masked network, which a walk
/// in Python computes node by node, without the command.
@Suite(.enabled(if: Peers.areThere(python: true)))
struct SoundPlanTests {
  @Test("every operator that channels pass lies in three graphs between layers that are cut")
  func operators() throws {
    let report = try report("operators.py", [Peers.tessera])
    #expect(report["failures"] == .array([]))
    #expect(report["missing"] == .array([]))
    guard case .integer(let seen)? = report["seen"], case .integer(let levels)? = report["levels"] else {
      Issue.record("no report")
      return
    }
    #expect(seen >= 580 && levels >= 950)
    requireConverted(report)
  }

  /// Zeros next to the channels are positions that every sub-network has, whichever operator joins them.
  @Test("every such operator meets padded channels, in some graphs before an operator that the runner lacks")
  func padded() throws {
    for (arguments, graphs, least) in [
      ([], 1, 193), (["--only", "Conv,ConvTranspose", "--first", "100"], 12, 2),
    ] {
      let report = try report(
        "operators.py", [Peers.tessera, "--padded", "--graphs", "\(graphs)"] + arguments)
      #expect(report["failures"] == .array([]) && report["missing"] == .array([]))
      guard case .object(let rows)? = report["operators"] else {
        Issue.record("no operators")
        return
      }
      #expect(rows.members.count >= least && report["seen"] == .integer(Int64(rows.members.count * graphs)))
      requireConverted(report)
    }
  }

  @Test("the proof goes up to an operator that is not computed here, and says so")
  func unbuilt() throws {
    let folder = try TemporaryFolder()
    func run(_ program: String, _ arguments: [String]) throws -> Subprocess {
      try Subprocess.run(program, arguments, directory: folder.path)
    }
    let python = try #require(Peers.python, "TESSERA_PYTHON names no Python")
    #expect(try run(python, ["-B", SourceFolder.fixtures + "/graphs/unbuilt.py", "."]).code == 0)
    let plan = ["plan", "m.onnx", "--units", "2", "--cut-first", "-o", "p.json"]
    #expect(try run(Peers.tessera, plan).code == 0)
    let converted = try run(Peers.tessera, ["convert", "m.onnx", "m.h5", "--plan", "p.json"])
    #expect(converted.code == 0)
    #expect(
      converted.errorText.contains(
        "proved up to node 'sample' (com.microsoft.SampleOp), which this version does not compute: 2 sub-networks are"
      ),
      "\(converted.errorText)")
    let extracted = try run(Peers.tessera, ["extract", "m.h5", "s.onnx", "--level", "1"])
    #expect(extracted.code == 0, "\(extracted.errorText)")
    let verified = try run(Peers.tessera, ["verify", "m.onnx", "m.h5"])
    #expect(verified.code == 2 && verified.errorText.contains("node 'sample' (com.microsoft.SampleOp)"))
  }

  /// The script also runs by hand over 2,000 graphs (`random_graphs.py TESSERA --count 2000`).
  @Test("a hundred random graphs of five to thirty nodes, with branches, reshapes and unknown operators")
  func random() throws {
    let report = try report("random_graphs.py", [Peers.tessera, "--count", "100"])
    #expect(report["failures"] == .array([]))
    guard case .integer(let seen)? = report["seen"], case .integer(let cut)? = report["cut"] else {
      Issue.record("no report")
      return
    }
    #expect(seen == 100 && cut >= 50)
    #expect(report["refused"] == .object(JSONObject()))
  }

  @Test(
    "parts that a level lacks, channels on two dimensions, sparse tensors, more channels than can be followed"
  )
  func kinds() throws {
    let report = try report("kinds.py", [Peers.tessera])
    #expect(report["failures"] == .array([]))
    #expect(report["seen"] == 32)
    guard case .object(let kinds)? = report["kinds"] else {
      Issue.record("no kinds")
      return
    }
    var whole: [String: [String]] = [:]
    for member in kinds.members {
      guard case .array(let rows) = member.value else { continue }
      for case .array(let row) in rows {
        guard case .string(let title)? = row.first, row.count == 3 else { continue }
        if row[1] == 0 { whole[member.key, default: []].append(title) }
      }
    }
    // The thirteenth has fewer channels than units in each part.
    #expect(whole["parts"] == ["2 parts  13"])
    #expect(
      whole["two"] == [
        "mixed along one", "ranked along one", "repeated too often to be followed",
        "beside more than can be followed", "in one row",
      ])
    #expect(whole["sparse"] == nil && whole["wide"] == nil)
  }

  @Test("models as PyTorch's exporters write them are planned as well as their plain form")
  func exporters() throws {
    let report = try report("exported.py", [Peers.tessera, "exporters"])
    #expect(report["failures"] == .array([]) && report["behind"] == .array([]))
    #expect(report["seen"] == 60)
    guard case .object(let rows)? = report["rows"] else {
      Issue.record("no rows")
      return
    }
    for member in rows.members {
      guard case .object(let row) = member.value else { continue }
      #expect(row["refused"] == .null, "\(member.key)")
    }
  }

  @Test("the judge finds bugs that are planted in what it judges")
  func planted() throws {
    let report = try report("planted.py", [Peers.tessera])
    #expect(report["missed"] == .array([]))
  }

  /// `convert` refuses nothing that `plan` proposes.
  private func requireConverted(_ report: JSONObject) {
    guard case .object(let rows)? = report["operators"] else {
      Issue.record("no operators")
      return
    }
    for member in rows.members {
      guard case .object(let row) = member.value else { continue }
      #expect(row["refused"] == .array([]), "\(member.key)")
    }
  }

  private func report(_ name: String, _ arguments: [String]) throws -> JSONObject {
    let python = try #require(Peers.python, "TESSERA_PYTHON names no Python")
    let script = SourceFolder.fixtures + "/graphs/" + name
    let result = try Subprocess.run(python, ["-B", script] + arguments, timeout: 1800)
    try #require(result.code == 0, "\(result.errorText.suffix(2000))")
    guard case .object(let object) = try JSONParser().parse(result.output) else { return JSONObject() }
    return object
  }
}
