import Accounting
import Tensors
import Testing
import UnitModel

@Suite("Ties and limits")
struct TiesAndLimitsTests {
  private func policy(_ members: String) throws -> CountingPolicy {
    try CountingPolicy(
      parsing: Array(
        #"{"format":"tessera.counting-policy/1","id":"p","version":1,"title":"t",\#(members)}"#.utf8))
  }

  private static let specs = [
    ("lm_head.weight", DType.bf16, [50, 6]), ("model.embed_tokens.weight", .bf16, [50, 6]),
    ("model.up.weight", .f32, [7, 6]),
  ]

  @Test(
    "bytes with two names count once, in the role of a name that the policy counts",
    arguments: [
      (#""ties": "once""#, 342, 0, ParameterRole.weight), (#""ties": "each""#, 642, 0, .embedding),
      (#""roles": {"only": ["embedding"]}"#, 300, 42, .embedding),
      (#""roles": {"leave_out": ["embedding"]}"#, 342, 0, .weight),
      (#""names": {"only": ["lm_head.*"]}"#, 300, 42, .weight),
      (#""names": {"leave_out": ["lm_head.*"]}"#, 342, 0, .embedding),
      (#""names": {"leave_out": ["lm_head.*"]}, "ties": "each""#, 342, 300, .embedding),
      (#""names": {"only": ["model.up.*"]}"#, 42, 300, .weight),
    ])
  func ties(members: String, parameters: Int, excluded: Int, role: ParameterRole) throws {
    let specs = try Self.specs.map { try TensorSpec(name: TensorName($0.0), dtype: $0.1, shape: $0.2) }
    let inventory = Inventory(flat: specs, ties: ["model.embed_tokens.weight": "lm_head.weight"])
    let counts = try inventory.counts(under: try policy(members))
    #expect(counts.networks.isEmpty && counts.stored.units.isEmpty)
    #expect(counts.stored.parameters.value == parameters && counts.stored.classes.common == parameters)
    #expect(counts.stored.excluded.value == excluded)
    #expect(counts.stored.roles.contains { $0.role == role && $0.parameters.value > 0 })
    let bytes = parameters == 42 ? 4 * 42 : 2 * parameters + (excluded == 42 ? 0 : 2 * 42)
    #expect(counts.stored.bytes.value == bytes)
  }

  @Test("sums beyond 63 bits are an error that names the row, and below they are exact")
  func overflow() throws {
    let policy = try PolicyPreset.policy(named: "all-stored")
    // 2^59 elements of 8 bits each: two tensors are 2^63 bits.
    let specs = try (0..<2).map { try TensorSpec(name: TensorName("t\($0)"), dtype: .u8, shape: [1 << 59]) }
    let one = try Inventory(flat: [specs[0]]).counts(under: policy)
    #expect(one.stored.parameters.value == 1 << 59 && one.stored.bytes.value == 1 << 59)
    do {
      _ = try Inventory(flat: specs).counts(under: policy)
      Issue.record("expected an error")
    } catch { #expect(error == .tooMany(what: "bits", row: "everything stored")) }
  }

  @Test("a plan that would be counted for minutes is refused, and one just below the limit is counted")
  func work() throws {
    let policy = try PolicyPreset.policy(named: "all-stored")
    for (tensors, isRefused) in [(1, false), (12, true)] {
      let inventory = try Self.manyLevels(tensors: tensors)
      do {
        let counts = try inventory.counts(under: policy)
        #expect(!isRefused && counts.networks.count == 16_384)
      } catch { #expect(isRefused && error == .tooMuchWork(networks: 16_384, limit: 500_000_000)) }
    }
  }

  /// 1,024 units, 16 tasks of 1,024 levels, and tensors that are each cut in their own way.
  private static func manyLevels(tensors: Int) throws -> Inventory {
    let levels = (1...1024).map(String.init).joined(separator: ",")
    let tasks = (0..<16).map { #"{"name":"t\#($0)","levels":[\#(levels)]}"# }
    let axes = (0..<tensors).map { #""a\#($0)":{"size":\#(1024 + $0)}"# }
    let entries = (0..<tensors).map {
      #"{"name":"w\#($0)","dtype":"U8","shape":[\#(1024 + $0),\#(1024 + $0)],"axes":["a\#($0)","a\#($0)"]}"#
    }
    let text = """
      {"format":"tessera.plan/1","units":1024,"axes":{\(axes.joined(separator: ","))},
       "tensors":[\(entries.joined(separator: ","))],"tasks":[\(tasks.joined(separator: ","))],
       "assignment":{"rule":"nearest"}}
      """
    let plan = try Plan(parsing: Array(text.utf8))
    let resolved = try plan.resolve(against: plan.describedTensors)
    return Inventory(resolved.partition, resolved.assignment)
  }

  @Test("a tensor without elements counts nothing, however large its other extents are")
  func emptyBesideHuge() throws {
    let text = """
      {"format": "tessera.plan/1", "units": 2, "axes": {"x": {"size": 2}},
       "tensors": [{"name": "none", "dtype": "F32", "shape": [0, 1099511627776, 1099511627776],
                    "axes": [null, {"axis": "x", "inner": 549755813888}, {"axis": "x", "inner": 549755813888}]},
                   {"name": "some", "dtype": "F32", "shape": [2, 3], "axes": ["x", null]}],
       "tasks": [{"name": "t", "levels": [1, 2]}], "assignment": {"rule": "nearest"}}
      """
    let plan = try Plan(parsing: Array(text.utf8))
    let resolved = try plan.resolve(against: plan.describedTensors)
    let counts = try Inventory(resolved.partition, resolved.assignment).counts(
      under: PolicyPreset.policy(named: "all-stored"))
    #expect(counts.networks.map(\.parameters.value) == [3, 6] && counts.stored.classes.intra == 6)
  }

  @Test("networks that are not asked for are not counted, and the others have the same counts")
  func selected() throws {
    let policy = try PolicyPreset.policy(named: "all-stored")
    let inventory = try Self.manyLevels(tensors: 2)
    let all = try inventory.counts(under: policy).networks
    let selection = RowSelection(tasks: ["t3"], level: .number(LevelNumber(7)))
    let one = try inventory.counts(under: policy, for: selection).networks
    #expect(one.count == 1 && one.first?.parameters == all[3 * 1024 + 6].parameters)
    // Far too much to count as a whole, of which little is selected.
    let many = try Self.manyLevels(tensors: 40)
    #expect(try many.counts(under: policy, for: selection).networks.count == 1)
  }

  @Test("an empty tensor and a scalar count 0 and 1")
  func edges() throws {
    let specs = [
      try TensorSpec(name: "none", dtype: .f32, shape: [1 << 40, 0, 1 << 40]),
      try TensorSpec(name: "scalar", dtype: .f64, shape: []),
      try TensorSpec(name: "packed", dtype: .f4, shape: [6]),
    ]
    let counts = try Inventory(flat: specs).counts(under: PolicyPreset.policy(named: "all-stored"))
    #expect(counts.stored.parameters.value == 7 && counts.stored.bytes.value == 11)
    let none = try Inventory(flat: []).counts(under: PolicyPreset.policy(named: "all-stored"))
    #expect(none.stored.parameters.value == 0 && none.stored.roles.isEmpty)
  }
}
