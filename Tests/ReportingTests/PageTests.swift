import Accounting
import Comparison
import Foundation
import Reporting
import StrictJSON
import Tensors
import TestSupport
import Testing
import UnitModel
import Validation

@Suite("Pages")
struct PageTests {
  private static let pieces = [
    "</script>", "<!--", "<script>", "]]>", "\u{2028}", "\u{2029}", "\u{0}", "\u{202E}", "\\", "\"", "é",
    "\u{1F600}",
    "\n", "\u{FFFE}", "&lt;", "{{data}}", "a", "\u{E2}\u{80}", "'",
  ]

  private static func text(_ generator: inout SeededGenerator) -> String {
    (0..<Int.random(in: 0...6, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }
      .joined()
  }

  private static func value(_ depth: Int, _ generator: inout SeededGenerator) -> JSONValue {
    switch Int.random(in: 0..<(depth > 3 ? 4 : 6), using: &generator) {
    case 0: return .null
    case 1: return JSONValue(Int.random(in: -9...1_000_000, using: &generator))
    case 2, 3: return .string(text(&generator))
    case 4: return .array((0..<3).map { _ in value(depth + 1, &generator) })
    default:
      let members = (0..<3).map {
        JSONMember(key: "\($0)\(text(&generator))", value: value(depth + 1, &generator))
      }
      return JSONObject(members).map { .object($0) } ?? .null
    }
  }

  @Test("Embedded JSON is the same value, and no text in it ends the element", arguments: 0..<300)
  func embedded(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let value = JSONValue.array([.string(Self.text(&generator)), Self.value(0, &generator)])
    let text = try EmbeddedJSON.text(value)
    #expect(try JSONParser().parse(Array(text.utf8)) == value)
    #expect(!text.contains("<") && !text.unicodeScalars.contains("\u{2028}"))
    #expect(!text.unicodeScalars.contains("\u{2029}"))
  }

  /// A report of a checkpoint with these names of tensor and task.
  private func report(tensor: String, task: String, count: Int = 1) throws -> ModelReport {
    let axis = try ChannelAxis.sized(name: "x", size: 3, sizes: [1, 2])
    var cutter = try DimensionCutter(axes: [axis])
    let use = DimensionPlacement.axis(AxisUse("x"))
    let specs = try (0..<count).map {
      try TensorSpec(name: TensorName($0 == 0 ? tensor : "\(tensor)\($0)"), dtype: .f32, shape: [3, 3])
    }
    let placements = try specs.map { try TensorPlacement(spec: $0, dimensions: [use, use], cutter: &cutter) }
    let partition = try Partition(unitCount: 2, axes: [axis], tensors: placements)
    let assignment = try Assignment(
      tasks: [
        TaskAssignment(
          task: TaskID(task), order: [UnitID(1), UnitID(0)],
          levels: [UnitSet([UnitID(1)]), UnitSet([UnitID(0), UnitID(1)])])
      ],
      provenance: Provenance(rule: task), unitCount: 2, axes: ["x"])
    let inventory = Inventory(partition, assignment)
    let counts = try inventory.counts(under: PolicyPreset.policy(named: "all-stored"))
    let finding = Finding(.links, file: "m.h5", location: tensor, message: task)
    return ModelReport(
      inspection: Inspection(
        file: "m.h5", kind: "unit-checkpoint", tensors: specs.map { .init(spec: $0) }, metadata: [],
        modelDigest: nil,
        checkpoint: .init(
          units: 2, tasks: [], axes: [.init(name: tensor, size: 3, units: [1, 2], common: 0)], shares: [])),
      count: CountReport(
        file: "m.h5", kind: "unit-checkpoint", unitCount: 2, tasks: [TaskID(task)],
        policies: [.init(counts, networks: counts.networks)]),
      findings: FindingsReport(files: [
        .init(path: "m.h5", kind: "unit-checkpoint", tensorCount: 1, findings: [finding], rules: [.links])
      ]),
      stack: LayerStack(inventory), counted: specs.map(\.name), networks: assignment.networks,
      provenance: assignment.provenance, pairs: [("all-stored", try inventory.pairs(under: counts.policy))],
      title: task)
  }

  /// Two files without tensors.
  private func difference() throws -> DifferenceReport {
    let empty = MemorySource([], bytes: [])
    return DifferenceReport(a: "a", b: "b", difference: try WeightsComparison(empty, empty).run { _ in })
  }

  /// The contents of a page's elements of data.
  private func data(_ html: String, _ id: String) throws -> JSONValue {
    let start = try #require(html.firstRange(of: "id=\"data-\(id)\">"))
    let rest = html[start.upperBound...]
    let end = try #require(rest.firstRange(of: "</script>"))
    return try JSONParser().parse(Array(rest[..<end.lowerBound].utf8))
  }

  @Test(
    "Names never become markup",
    arguments: pieces + ["<img src=x onerror=alert(1)>", "</title><script>alert(1)//"])
  func hostile(name: String) throws {
    let report = try report(tensor: name + "w", task: name + "t")
    let html = try report.page.html(version: "1")
    let plain = try self.report(tensor: "w", task: "t").page.html(version: "1")
    // The same elements as with harmless names.
    for tag in ["<script", "</script", "<img", "<!--", "<table", "</title", "<b>"] {
      #expect(html.ranges(of: tag).count == plain.ranges(of: tag).count, "\(tag)")
    }
    #expect(try data(html, "report") == report.json)
    #expect(try data(html, "count") == report.count.json)
    #expect(try data(html, "inspect") == report.inspection.json)
    #expect(try data(html, "validate") == report.findings.json)
    for scalar in ["\u{202E}", "\u{2028}", "\u{0}"] as [Unicode.Scalar] {
      // Hidden characters are only in the data, where JSON needs no escape for U+202E.
      let outside = html.split(separator: "<script type=\"application/json\"").map { part in
        part.firstRange(of: "</script>").map { String(part[$0.upperBound...]) } ?? String(part)
      }
      #expect(!outside.dropFirst().joined().unicodeScalars.contains(scalar))
    }
  }

  @Test("Tables can be read without JavaScript, and say what they leave out")
  func plain() throws {
    let html = try report(tensor: "w", task: "t", count: 250).page.html(version: "1.2.3")
    #expect(html.contains("<th scope=\"row\">t</th><td class=\"number\">1</td>"))
    #expect(
      html.contains("This table has the first 200 of 250 tensors. The other 50 are in the data of this page;")
    )
    #expect(html.contains("<td><span class=\"error\">error</span></td>"))
    #expect(html.contains("Made by tessera 1.2.3."))
    #expect(!html.contains("{{"))
  }

  @Test("A page without data is below 250 kB, and allows only its own style and programs")
  func size() throws {
    let html = try difference().page().html(version: "1")
    #expect(html.utf8.count < 250_000)
    let policy = try #require(html.firstMatch(of: /Content-Security-Policy" content="([^"]*)"/)).1
    #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"))
    #expect(html.contains("Every tensor that was compared is equal, bit for bit."))
  }

  @Test("Every file of the page is part of it")
  func complete() throws {
    let html = try difference().page().html(version: "1")
    let folder = "\(SourceFolder.root)/Sources/Reporting/Page"
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) where !name.hasSuffix(".html") {
      let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      #expect(html.contains(text), "\(name)")
      #expect(!text.contains("</s") && !text.contains("<!--") && !text.contains("innerHTML"), "\(name)")
    }
  }
}
