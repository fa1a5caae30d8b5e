import Foundation
import StrictJSON
import TestSupport
import Testing

/// The layout as other programs see it: a writer and readers in Python, made from the specification alone, and the
/// sizes that h5ls prints.
@Suite(.enabled(if: Peers.areThere(python: true, programs: Workshop.tools)))
struct IndependentInteropTests {
  @Test func filesOfAnotherWriterAreReadByEveryCommand() throws {
    let workshop = try Workshop()
    let report = try workshop.report("written.py", [Peers.tessera])
    #expect(report["failures"] == .array([]))
    #expect(report["files"] == 4 && report["networks"] == 16 && report["tensors"] == 364)
  }

  @Test func theSampleReadersReadEveryGoldenFileAndTheSample() throws {
    let workshop = try Workshop()
    try workshop.prepare(.fashion)
    try workshop.tessera("convert", "source.safetensors", "fashion.h5", "--plan", "plan.json")
    let adapters = SourceFolder.fixtures + "/adapters"
    try workshop.tessera("convert", "\(adapters)/sql", "shards/", "--shard-size", "900")
    try workshop.tessera(
      "convert", "\(adapters)/base", "added.h5", "--add", "sql=shards", "--add", "chat=\(adapters)/chat",
      "--add",
      "head=\(adapters)/head.safetensors")
    let folder = SourceFolder.fixtures + "/checkpoints"
    let golden = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".h5") }
    let report = try workshop.report(
      "samples.py", golden.map { "\(folder)/\($0)" } + ["fashion.h5", "added.h5"])
    #expect(report["failures"] == .array([]))
    #expect(report["files"] == JSONValue(golden.count + 2) && golden.count >= 8)
    guard case .integer(let short)? = report["short"], case .integer(let networks)? = report["networks"]
    else {
      Issue.record("\(report)")
      return
    }
    #expect(short >= 20 && networks > short)
  }

  @Test func oneNetworkTakesTwentyFiveLines() throws {
    let text = try String(
      contentsOfFile: "\(SourceFolder.root)/samples/python/one_network.py", encoding: .utf8)
    let start = try #require(text.range(of: "def one_network("))
    let end = try #require(text.range(of: "\n\n\n", range: start.lowerBound..<text.endIndex))
    let lines = text[start.lowerBound..<end.lowerBound].split(separator: "\n").filter {
      !$0.allSatisfy(\.isWhitespace) && !$0.drop { $0 == " " }.hasPrefix("#")
    }
    #expect(lines.count > 10 && lines.count <= 25)
    #expect(lines.allSatisfy { $0.count <= 120 })
    // The method is complete here: no other function is called.
    let others = text.split(separator: "\n").filter { $0.hasPrefix("def ") }.compactMap {
      $0.dropFirst(4).split(separator: "(").first
    }
    #expect(others == ["one_network", "is_covered"] && !lines.contains { $0.contains("is_covered") })
  }

  /// The number of elements in each class, from the paths of the sections.
  private static func classes(_ listed: String) -> [String: Int] {
    var found: [String: Int] = [:]
    for line in listed.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      guard words.count >= 3, words[1] == "Dataset", !words[0].hasPrefix("/tessera/") else { continue }
      let extents = line.drop { $0 != "{" }.dropFirst().prefix { $0 != "}" }.split(separator: ",")
      let elements = extents.compactMap { Int($0.drop { $0 == " " }) }.reduce(1, *)
      let steps = words[0].split(separator: "/").map(String.init)
      let name =
        switch steps[0] {
        case "intra": "intra.\(steps[1])"
        case "tensors": "common"
        default: steps[0]
        }
      found[name, default: 0] += elements
    }
    return found
  }

  @Test func theSizesThatH5lsPrintsAreTheCountsOfEveryClass() throws {
    let workshop = try Workshop()
    try workshop.prepare(.fashion)
    try workshop.tessera("convert", "source.safetensors", "fashion.h5", "--plan", "plan.json")
    let found = Self.classes(try workshop.run("h5ls", ["-r", "fashion.h5"]).outputText)
    let counted = try workshop.run(
      Peers.tessera, ["count", "fashion.h5", "--policy", "all-stored", "--json"]
    ).output
    guard case .object(let document) = try JSONParser().parse(counted),
      case .array(let policies)? = document["policies"], case .object(let policy)? = policies.first,
      case .array(let rows)? = policy["rows"], case .object(let stored)? = rows.last
    else {
      Issue.record("no counts")
      return
    }
    #expect(stored["task"] == .null)
    let intra = found.filter { $0.key.hasPrefix("intra.") }
    #expect(intra.count == 4)
    #expect(stored["intra"] == JSONValue(intra.values.reduce(0, +)))
    #expect(stored["interconnection"] == JSONValue(found["inter"] ?? -1))
    #expect(stored["common"] == JSONValue(found["common"] ?? 0))
    #expect(stored["private"] == JSONValue(found["private"] ?? -1))
    #expect(stored["parameters"] == JSONValue(found.values.reduce(0, +)))
    // Level 1 of a task has its own unit, and no interconnection.
    let units = ["fine": "0", "coarse": "1", "digits": "2", "parity": "3"]
    var compared = 0
    for case .object(let row) in rows where row["level"] == 1 {
      guard case .string(let task)? = row["task"], let unit = units[task] else { continue }
      #expect(row["intra"] == JSONValue(found["intra.\(unit)"] ?? -1) && row["interconnection"] == 0)
      compared += 1
    }
    #expect(compared == 4)
  }
}
