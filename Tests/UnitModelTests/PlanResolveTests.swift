import Foundation
import StrictJSON
import Tensors
import TestSupport
import Testing
import UnitModel

func goodPlan(_ name: String) throws -> Plan {
  try Plan(parsing: Array(Data(contentsOf: planFixtures("good").appending(path: name + ".json"))))
}

@Suite("Plans that hold")
struct PlanResolveTests {
  @Test("templates, exact axes, inferred sizes, scopes and per-axis orders come out as the plan says")
  func example() throws {
    let plan = try goodPlan("readme-example")
    let resolved = try plan.resolve(against: fixtureSpecs(), ties: fixtureTies)
    let partition = resolved.partition
    #expect(partition.axes.map(\.name.text) == ["ffn0", "ffn1", "hidden"])
    #expect(partition.axes[0].units.map(\.count) == [3, 3, 3, 3])
    #expect(partition.axes[1].units[0].channels == [0, 6, 7])
    #expect(partition.axes[1].common.channels == [5, 11])
    #expect(partition.axes[2].units.map(\.ranges) == [[0..<3], [3..<5], [5..<7], [7..<8]])
    let four = try #require(partition.tensors.first { $0.spec.name == "four.weight" })
    #expect(four.units == [UnitID(3)])
    #expect(four.blocks.map(\.blockClass) == [.intra])

    let fine = resolved.assignment.tasks[0]
    #expect(fine.order.map(\.index) == [0, 1, 2, 3])
    #expect(fine.levels.map { $0.ascending.map(\.index) } == [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]])
    let coarse = resolved.assignment.tasks[1]
    #expect(coarse.levels.map { $0.ascending.map(\.index) } == [[2], [0, 2], [0, 1, 3]])
    #expect(coarse.axes.map(\.axis.text) == ["ffn0", "ffn1", "hidden"])
    #expect(coarse.axes[1].levels.map { $0.ascending.map(\.index) } == [[3], [2, 3], [0, 1, 3]])
    #expect(coarse.axes[2].levels.map { $0.ascending.map(\.index) } == [[0], [0, 1], [0, 2, 3]])
    #expect(coarse.norm == .running)

    let one = try #require(partition.tensors.first { $0.spec.name == "head.fine.1.weight" }).scope
    #expect(one.users == [.init(task: "fine", level: LevelNumber(1), alias: "head.weight")])
    let two = try #require(partition.tensors.first { $0.spec.name == "head.fine.2.weight" }).scope
    #expect(two.users == [.init(task: "fine")])
    #expect(resolved.assignment.provenance.details["seed"] == 7)
  }

  @Test("the gates of an LSTM, a fused QKV, a flatten and a concatenation are cut in two")
  func everywhere() throws {
    let specs = try [
      ("lstm.weight_ih_l0", [20, 7]), ("lstm.weight_hh_l0", [20, 5]), ("lstm.bias", [20]),
      ("attention.qkv.weight", [36, 4]), ("attention.out.weight", [4, 12]), ("conv.weight", [3, 2, 5, 5]),
      ("fc.weight", [6, 12]), ("join.weight", [2, 15]),
    ].map { try TensorSpec(name: TensorName($0.0), dtype: .f32, shape: $0.1) }
    let resolved = try goodPlan("two-units-everywhere").resolve(against: specs)
    let tensors = resolved.partition.tensors
    func cut(_ tensor: Int, _ dimension: Int) -> [String] {
      guard let cut = tensors[tensor].cuts[dimension] else { return [] }
      return cut.segments.map { segment in
        let part = cut.parts[segment.part]
        return (part.unit.map { "\(part.axis?.text ?? "")\($0)" } ?? "common") + "×\(segment.length)"
      }
    }
    #expect(cut(0, 0) == Array(repeating: ["lstm0×3", "lstm1×2"], count: 4).flatMap { $0 })
    #expect(cut(3, 0) == Array(repeating: ["heads0×6", "heads1×6"], count: 3).flatMap { $0 })
    #expect(cut(6, 1) == ["conv0×4", "conv1×4", "conv0×4"])
    #expect(cut(7, 1) == ["left0×2", "left1×1", "common×4", "right0×2", "right1×6"])
    #expect(tensors[7].cuts[1]?.parts.map(\.unit?.index) == [nil, 0, 0, 1, 1])
    #expect(tensors[7].cuts[1]?.parts.map(\.axis?.text) == [nil, "left", "right", "left", "right"])
    #expect(tensors[7].cuts[1]?.partSizes == [4, 2, 2, 1, 6])
    #expect(resolved.assignment.tasks.map(\.task.text) == ["a", "b"])
    #expect(resolved.assignment.provenance.rule == "nearest")
  }

  @Test("a plan reads back from what it is written as, filled or not")
  func roundTrip() throws {
    for name in ["readme-example", "least", "two-units-everywhere"] {
      let plan = try goodPlan(name)
      let text = try plan.text()
      #expect(try Plan(parsing: Array(text.utf8)) == plan)
      let filled = try plan.filled()
      #expect(try Plan(parsing: Array(filled.text().utf8)) == filled)
      #expect(try filled.filled() == filled)
      #expect(filled.tasks.allSatisfy { $0.order != nil && $0.levels != nil })
    }
    // Formatted by hand like the writer's output.
    let file = try String(contentsOf: planFixtures("good").appending(path: "least.json"), encoding: .utf8)
    #expect(
      try Plan(parsing: Array(file.utf8)).text()
        == "{\n  \"format\": \"tessera.plan/1\",\n  \"units\": 3\n}\n")
  }

  @Test("the whole plan leaves every tensor as it is, common to all")
  func whole() throws {
    let resolved = try Plan.whole.resolve(against: fixtureSpecs(), ties: fixtureTies)
    #expect(resolved.partition.tensors.allSatisfy { $0.isWhole && !$0.scope.isPrivate })
    #expect(resolved.partition.tensors.allSatisfy { $0.blocks.allSatisfy { $0.units.isEmpty } })
    #expect(resolved.assignment.tasks.map(\.task) == [.all])
    #expect(resolved.assignment.tasks.first?.levels == [UnitSet([UnitID(0)])])
    #expect(resolved.notes.isEmpty)
  }

  @Test("levels with names are read, written and found by name or number")
  func levelNames() throws {
    let text = """
      { "format": "tessera.plan/1", "units": 3, "tasks": [
        { "name": "a", "levels": { "small": 1, "odd": [0, 2], "all of it": 3 },
          "private_per_level": { "small": ["w"] } } ] }
      """
    let specs = [try TensorSpec(name: "w", dtype: .f32, shape: [2])]
    let plan = try Plan(parsing: Array(text.utf8))
    #expect(try Plan(parsing: Array(plan.text().utf8)) == plan)
    let resolved = try plan.resolve(against: specs)
    let task = try #require(resolved.assignment.tasks.first)
    #expect(task.levelNames == ["small", "odd", "all of it"])
    #expect(resolved.partition.tensors.first?.scope.users.first?.level == LevelNumber(1))
    for (text, level) in [("small", 1), ("1", 1), ("odd", 2), ("all of it", 3), ("3", 3)] {
      #expect(try task.knownLevel(text) == LevelNumber(level))
      let network = try resolved.assignment.network(task: "a", level: LevelNumber(level))
      #expect(network.levelName == task.levelNames[level - 1])
    }
    #expect(throws: PlanError.unknownLevel(place: "task 'a'", level: 4, levels: 3)) {
      try task.knownLevel("4")
    }
    #expect(
      throws: PlanError.unknownLevelName(
        place: "task 'a'", name: "smal", nearest: "small", names: task.levelNames, levels: 3)
    ) { try task.knownLevel("smal") }
    #expect(try resolved.assignment.network(task: "a", level: LevelNumber(1)).levelText == "1 (small)")
  }

  @Test("axes of one template are in natural order, and scalars are no part of a pattern with cuts")
  func naturalOrder() throws {
    let text = """
      { "format": "tessera.plan/1", "units": 2, "axes": { "ffn{}": {} },
        "tensors": [ { "match": "l.{}.*", "axes": ["ffn{}"] } ] }
      """
    let specs = try (0..<12).map { String($0) }.sorted().flatMap { layer in
      [
        try TensorSpec(name: TensorName("l.\(layer).w"), dtype: .f32, shape: [4]),
        try TensorSpec(name: TensorName("l.\(layer).num_batches_tracked"), dtype: .i64, shape: []),
      ]
    }
    let partition = try Plan(parsing: Array(text.utf8)).resolve(against: specs).partition
    #expect(partition.axes.map(\.name.text) == (0..<12).map { "ffn\($0)" })
    #expect(partition.tensors.allSatisfy { $0.isWhole == $0.spec.shape.isEmpty })
  }

  @Test("the first entry that matches counts; one that never does is noted; a tied tensor follows")
  func notes() throws {
    let json = """
      {"format": "tessera.plan/1", "units": 16, "axes": {"a": {}, "e": {"granule": 2}},
       "tensors": [{"name": "layer0.up.weight"}, {"match": "layer{}.up.weight", "axes": ["a", null]},
                   {"match": "layer0.up.w*"}, {"match": "embed.*", "axes": [null, "e"]}]}
      """
    let resolved = try Plan(parsing: Array(json.utf8)).resolve(against: fixtureSpecs(), ties: fixtureTies)
    #expect(
      resolved.notes == [
        .entryShadowed(place: "tensors[2]", pattern: "layer0.up.w*"),
        .followsTie(tensor: "lm_head.weight", original: "embed.weight"),
        .axisWhole(axis: "a", granules: 12, granule: 1, unitCount: 16),
        .axisWhole(axis: "e", granules: 4, granule: 2, unitCount: 16),
      ])
    #expect(resolved.partition.tensors[8].dimensions == [.whole, .axis(AxisUse("e"))])
    #expect(resolved.partition.tensors[1].isWhole)
  }

  @Test("compact tensors have the size of their level, in the task's order where the plan says so")
  func compact() throws {
    let json = """
      {"format": "tessera.plan/1", "units": 2, "axes": {"a": {"size": 11, "units": [5, 5], "common": [3]}},
       "tensors": [{"name": "x", "axes": ["a"]},
                   {"match": "head.fine.{}.weight", "axes": [null, {"axis": "a", "compact": true}],
                    "feature_order": "task"}],
       "tasks": [{"name": "t", "order": [1, 0],
                  "private_per_level": {"1": ["head.fine.1.*"], "2": ["head.fine.2.*"]}}]}
      """
    let specs = try fixtureSpecs() + [TensorSpec(name: "x", dtype: .i8, shape: [11])]
    let resolved = try Plan(parsing: Array(json.utf8)).resolve(against: specs)
    let networks = resolved.assignment.networks
    let axis = resolved.partition.axes[0]
    #expect(networks.map { $0.activeChannelCount(of: axis) } == [6, 11])
    #expect(networks[1].activeChannels(of: axis, order: .task) == [3..<4, 6..<11, 0..<3, 4..<6])
    #expect(networks[0].activeChannels(of: axis, order: .ascending) == [3..<4, 6..<11])
    #expect(resolved.partition.tensors[5].isWhole)
    #expect(resolved.partition.tensors[5].blocks.map(\.blockClass) == [.private])
    #expect(networks[0].activeShape(of: resolved.partition.tensors[6]) == nil)
    #expect(networks[1].activeShape(of: resolved.partition.tensors[6]) == [5, 11])
  }

  @Test("a plan can describe tensors that have no data yet")
  func described() throws {
    let json = """
      {"format": "tessera.plan/1", "units": 1,
       "tensors": [{"name": "a*", "dtype": "BF16", "shape": [2, 3]}, {"name": "b"}]}
      """
    let plan = try Plan(parsing: Array(json.utf8))
    #expect(try plan.describedTensors == [TensorSpec(name: "a*", dtype: .bf16, shape: [2, 3])])
  }

  @Test("numbers at the edge of what a plan may hold are errors, not traps")
  func edges() throws {
    let wide = "{\"axis\": \"a\", \"inner\": 1099511627776, \"outer\": 4194304}"
    let json = """
      {"format": "tessera.plan/1", "units": 2, "axes": {"a": {}},
       "tensors": [{"name": "layer0.up.bias", "axes": [{"concat": [\(wide), \(wide), \(wide)]}]}]}
      """
    #expect(
      throws: PlanError.sizeDisagrees(
        tensor: "layer0.up.bias", dimension: 0,
        axis: "4194304 × a × 1099511627776 + 4194304 × a × 1099511627776 + "
          + "4194304 × a × 1099511627776", expected: .max, found: 12)
    ) { try Plan(parsing: Array(json.utf8)).resolve(against: fixtureSpecs()) }
    for count in [0, -1, Int.min, Int.max, 1025] {
      let plan = Plan(
        unitCount: count, tasks: [PlanTask(task: "a"), PlanTask(task: "b", order: [UnitID(-1)])])
      #expect(throws: PlanError.self) { try plan.filled() }
      #expect(throws: PlanError.self) { try plan.resolve(against: []) }
    }
    let one = try Plan(unitCount: 1, tasks: [PlanTask(task: "a")]).resolve(against: []).assignment
    for level in [0, 2, Int.min, Int.max] {
      #expect(throws: PlanError.unknownLevel(place: "task 'a'", level: level, levels: 1)) {
        try one.network(task: "a", level: LevelNumber(level))
      }
    }
  }

  @Test("ten thousand tensors, each with an axis of its own, cost no square of their number")
  func many() throws {
    var entries: [PlanTensor] = []
    for index in 0..<20 {
      let pattern = try #require(NamePattern("encoder.layer.{}.block\(index).weight"))
      entries.append(
        PlanTensor(
          selector: .match(pattern), dimensions: [.axis(AxisUse(AxisName("ffn{}.\(index)"))), .whole]))
    }
    let axes = try (0..<20).map { PlanAxis(name: try #require(NamePattern("ffn{}.\($0)")), size: 64) }
    let plan = Plan(unitCount: 4, axes: axes, tensors: entries, tasks: [PlanTask(task: "a")])
    let specs = try (0..<10_000).map {
      try TensorSpec(
        name: TensorName("encoder.layer.\($0 / 20).block\($0 % 20).weight"), dtype: .f32, shape: [64, 16])
    }
    var resolved: ResolvedPlan?
    let seconds = try threadSeconds { resolved = try plan.resolve(against: specs) }
    #expect(seconds < wrongOrderSeconds)
    #expect(resolved?.partition.axes.count == 10_000)
  }

  @Test("tied tensors have the same masks, or none")
  func tiedMasks() throws {
    let specs = try ["a", "b", "ma", "mb"].map { name in
      try TensorSpec(name: TensorName(name), dtype: name.count == 1 ? .f32 : .u8, shape: [3])
    }
    let plan = { (mask: String) in
      try Plan(
        parsing: Array(
          #"{"format": "tessera.plan/1", "units": 1, "tensors": [\#(mask)], "tasks": [{"name": "t"}]}"#.utf8))
    }
    let apart = try plan(#"{"name": "a", "mask": "ma"}, {"name": "b", "mask": "mb"}"#)
    #expect(throws: PlanError.tiedApart(tensor: "b", original: "a", what: "different masks")) {
      try apart.resolve(against: specs, ties: ["b": "a"])
    }
    #expect(throws: Never.self) { try apart.resolve(against: specs) }
    // The tensor that no entry matches follows the other.
    let one = try plan(#"{"name": "a", "mask": "ma"}"#)
    let resolved = try one.resolve(against: specs, ties: ["b": "a"])
    #expect(resolved.partition.tensors[1].mask == "ma")
  }
}
