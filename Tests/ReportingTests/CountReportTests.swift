import Accounting
import Reporting
import StrictJSON
import Tensors
import Testing
import UnitModel

@Suite("Reports of counts")
struct CountReportTests {
  private func report(sizes: [Int], rows: Int, policies: [String] = ["all-stored"]) throws -> CountReport {
    let size = sizes.reduce(0, +)
    let axis = try ChannelAxis.sized(name: "x", size: size, sizes: sizes)
    var cutter = try DimensionCutter(axes: [axis])
    let use = DimensionPlacement.axis(AxisUse("x"))
    let specs = [
      try TensorSpec(name: "conv.weight", dtype: .f32, shape: [size, size, rows]),
      try TensorSpec(name: "conv.bias", dtype: .f32, shape: [size]),
    ]
    let placements = [
      try TensorPlacement(spec: specs[0], dimensions: [use, use, .whole], cutter: &cutter),
      try TensorPlacement(spec: specs[1], dimensions: [use], cutter: &cutter),
    ]
    let partition = try Partition(unitCount: sizes.count, axes: [axis], tensors: placements)
    let order = sizes.indices.reversed().map { UnitID($0) }
    let task = TaskAssignment(
      task: "a\nb", order: order, levels: sizes.indices.map { UnitSet(order[...$0]) })
    let assignment = try Assignment(
      tasks: [task], provenance: Provenance(rule: "by-hand"), unitCount: sizes.count, axes: ["x"])
    let inventory = Inventory(partition, assignment)
    return CountReport(
      file: "m.h5", kind: "unit-checkpoint", unitCount: sizes.count,
      policies: try policies.map { name in
        let counts = try inventory.counts(under: PolicyPreset.policy(named: name))
        return CountReport.Table(counts, networks: counts.networks)
      }, tensors: zip(inventory.tensors, inventory.roles).map { ($0.name, $1) })
  }

  @Test("as text are right-aligned, with thousands separated, and say what was left out")
  func text() throws {
    let text = try report(sizes: [10, 20], rows: 3, policies: ["weights-only"]).text(width: nil)
    let digest = try PolicyPreset.policy(named: "weights-only").digest.description.prefix(12)
    #expect(
      text == """
        m.h5: unit-checkpoint, 2 units

        policy weights-only 2 (sha256 \(digest)…): Weights only
        task      level  units  parameters  density   bytes
        a\\u{a}b       1  [1]         1,200   44.4 %   4,800
        a\\u{a}b       2  [1 0]       2,700  100.0 %  10,800
        (stored)         [0 1]       2,700  100.0 %  10,800

        task      level  intra  interconnection  common  private  excluded
        a\\u{a}b       1  1,200                0       0        0        20
        a\\u{a}b       2  1,500            1,200       0        0        30
        (stored)         1,500            1,200       0        0        30
        stored and counted: weight 2,700
        left out: 30 (1.1 %): bias 30
        left out whole: conv.bias

        tensor       role    part  because
        conv.weight  weight  body  it is named as a weight
        conv.bias    bias    body  it is named as a bias

        """)
  }

  @Test("fit 80 columns in a pipe and on a terminal, and become one table where there is room")
  func widths() throws {
    let report = try report(sizes: [700, 800, 900, 600], rows: 900)
    for width in [nil, 80] {
      let lines = report.text(width: width).split(separator: "\n")
      #expect(lines.allSatisfy { $0.hasPrefix("counted") || $0.count <= 80 }, "\(lines)")
      #expect(lines.count { $0.hasPrefix("task ") } == 2)
    }
    #expect(report.text(width: 160).split(separator: "\n").count { $0.hasPrefix("task ") } == 1)
  }

  @Test("of several policies are one table with a letter for each, which a legend explains, in 80 columns")
  func sideBySide() throws {
    let names = PolicyPreset.allCases.map(\.rawValue)
    let six = try report(sizes: [10, 20], rows: 3, policies: Array(names.prefix(6))).text(width: 80)
    let lines = six.split(separator: "\n").map(String.init)
    #expect(lines[1].split(separator: " ") == ["task", "level", "a", "b", "c", "d", "e", "f"])
    #expect(
      lines[3].split(separator: " ")
        == ["a\\u{a}b", "2", "2,730", "2,700", "2,730", "2,730", "2,730", "2,730"])
    #expect(six.contains("b  weights-only 2 (sha256 ") && six.contains("30 (1.1 %) left out, bias 30"))
    // Sixteen columns of large numbers need several tables with the same rows.
    let all = try report(sizes: [700, 800, 900, 600], rows: 900, policies: names)
    for width in [nil, 80] {
      let lines = all.text(width: width).split(separator: "\n")
      #expect(lines.allSatisfy { $0.count <= width ?? 80 }, "\(lines.filter { $0.count > 80 })")
      #expect(lines.count { $0.hasPrefix("task ") } >= 3)
      for letter in "abcdefghijklmnop" { #expect(lines.contains { $0.hasPrefix("\(letter)  ") }) }
    }
  }

  @Test("as JSON have the keys that scripts rely on, exactly")
  func json() throws {
    guard case .object(let object) = try report(sizes: [10, 20], rows: 3).json,
      case .array(let policies)? = object["policies"], case .object(let policy) = policies[0],
      case .array(let rows)? = policy["rows"], case .object(let first) = rows[0],
      case .object(let last) = rows[2]
    else { return #expect(Bool(false)) }
    #expect(object["format"] == "tessera.count/1")
    #expect(policy["id"] == "all-stored" && policy["version"] == 1)
    #expect(first["task"] == "a\nb" && first["level"] == 1 && first["units"] == [1])
    let keys = ["parameters", "bytes", "intra", "interconnection", "common", "private", "excluded"]
    #expect(keys.map { first[$0] } == [1220, 4880, 1220, 0, 0, 0, 0])
    #expect(keys.map { last[$0] } == [2730, 10920, 1530, 1200, 0, 0, 0])
    #expect(last["task"] == .null && last["level"] == .null && last["units"] == [0, 1])
    #expect(last["density"] == .number(1))
  }
}
