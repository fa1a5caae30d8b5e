import Accounting
import Tensors
import Testing
import UnitModel

@Suite("Axes of policies")
struct PolicyAxesTests {
  private func policy(_ members: String) throws -> CountingPolicy {
    try CountingPolicy(
      parsing: Array(
        #"{"format":"tessera.counting-policy/1","id":"p","version":1,"title":"t",\#(members)}"#.utf8))
  }

  /// Two tasks at two levels, each with its own stem, and a head for each level.
  private func inventory() throws -> Inventory {
    let plan = try Plan(
      parsing: Array(
        """
        {"format": "tessera.plan/1", "units": 2, "axes": {"x": {"units": [10, 30]}},
         "tensors": [
           {"name": "body.weight", "dtype": "F32", "shape": [40, 3], "axes": ["x", null]},
           {"name": "bn.weight", "dtype": "F32", "shape": [40], "axes": ["x"]},
           {"name": "bn.bias", "dtype": "F32", "shape": [40], "axes": ["x"]},
           {"name": "bn.running_mean", "dtype": "F32", "shape": [40], "axes": ["x"]},
           {"name": "stem.a.weight", "dtype": "F32", "shape": [5, 1]},
           {"name": "stem.b.weight", "dtype": "F32", "shape": [7, 1]},
           {"name": "head.a1", "dtype": "F32", "shape": [100, 1]}, {"name": "head.a2", "dtype": "F32", "shape": [200, 1]},
           {"name": "head.b1", "dtype": "F32", "shape": [400, 1]}, {"name": "head.b2", "dtype": "F32", "shape": [800, 1]}],
         "tasks": [
           {"name": "a", "order": [0, 1], "levels": [1, 2], "private": ["stem.a.*"],
            "private_per_level": {"1": ["head.a1"], "2": ["head.a2"]}},
           {"name": "b", "order": [1, 0], "levels": [1, 2], "private": ["stem.b.*"],
            "private_per_level": {"1": ["head.b1"], "2": ["head.b2"]}}]}
        """.utf8))
    let resolved = try plan.resolve(against: plan.describedTensors)
    return Inventory(resolved.partition, resolved.assignment)
  }

  /// Parameters of a1, a2, b1, b2 and everything stored. The body of a unit has 6 per channel.
  static let cases: [(members: String, expected: [Int])] = [
    (#""ties": "once""#, [165, 445, 587, 1047, 1752]),
    (#""heads": "task""#, [365, 545, 1387, 1447, 1752]),
    (#""heads": "file""#, [1565, 1745, 1687, 1747, 1752]),
    (#""stems": "file""#, [172, 452, 592, 1052, 1752]),
    (#""parts": {"only": ["body"]}"#, [60, 240, 180, 240, 240]),
    (#""parts": {"leave_out": ["head"]}"#, [65, 245, 187, 247, 252]),
    (#""norms": "folded", "parts": {"only": ["body"]}"#, [40, 160, 120, 160, 160]),
    (#""scope": "increment""#, [165, 380, 587, 860, 1752]),
    (#""scope": "increment", "heads": "task""#, [365, 180, 1387, 60, 1752]),
    (#""scope": "increment", "heads": "file""#, [1565, 180, 1687, 60, 1752]),
    (#""scope": "union""#, [752, 1752, 752, 1752, 1752]),
    (#""times": "tasks""#, [330, 890, 1174, 2094, 3504]),
    (#""ties": "use""#, [165, 445, 587, 1047, 1992]),
    (
      #""assign": [{"match": "body.*", "part": "head"}], "parts": {"only": ["head"]}"#,
      [130, 320, 490, 920, 1620]
    ),
    (
      #""assign": [{"match": "body.*", "role": "selector"}], "roles": {"only": ["selector"]}"#,
      [30, 120, 90, 120, 120]
    ),
    (#""trainable": {"frozen": ["body.*"]}"#, [125, 285, 467, 887, 1592]),
  ]

  @Test("change the numbers as they say", arguments: cases)
  func axes(members: String, expected: [Int]) throws {
    let counts = try inventory().counts(under: policy(members))
    #expect((counts.networks + [counts.stored]).map(\.parameters.value) == expected)
  }

  @Test("about training count the parameters that no pattern names apart")
  func trainability() throws {
    let inventory = try inventory()
    let plain = try inventory.counts(under: policy(#""ties": "once""#))
    #expect(plain.stored.trainabilityUnknown == nil)
    let some = try inventory.counts(
      under: policy(#""trainable": {"trained": ["head.*"], "frozen": ["*.b2", "stem.*"]}"#))
    // 240 of the body without its 40 statistics; heads a1, a2 and b1 are known.
    #expect(some.stored.parameters.value == 900 && some.stored.trainabilityUnknown?.value == 200)
    #expect(some.networks.map { $0.trainabilityUnknown?.value } == [50, 200, 150, 200])
  }

  @Test("are ratios and expectations over the networks of the file")
  func ratios() throws {
    let inventory = try inventory()
    func ratios(_ members: String, _ selection: RowSelection = RowSelection()) throws -> [Double?] {
      let counts = try inventory.counts(under: policy(members), for: selection)
      return (counts.networks + [counts.stored]).map { counts.ratio(of: $0) }
    }
    #expect(try ratios(#""ratio": "of-largest""#) == [165.0 / 445, 1, 587.0 / 1047, 1, nil])
    let first = RowSelection(level: .number(LevelNumber(1)))
    #expect(try ratios(#""ratio": "of-largest""#, first) == [165.0 / 445, 587.0 / 1047, nil])
    #expect(try ratios(#""ratio": "compression""#, first) == [1752.0 / 165, 1752.0 / 587, 1])
    let uniform = try inventory.counts(under: policy(#""selection": "uniform""#), for: first)
    #expect(
      uniform.networks.count == 2 && uniform.expectation?.sum == 2244 && uniform.expectation?.weight == 4)
    let weighted = try inventory.counts(
      under: policy(
        #""selection": [{"task": "a", "level": 1, "weight": 3}, {"task": "b", "level": 2, "weight": 1}]"#))
    #expect(weighted.expectation?.value == 1542.0 / 4)
    do {
      _ = try inventory.counts(under: policy(#""selection": [{"task": "c", "level": 1, "weight": 3}]"#))
      Issue.record("expected an error")
    } catch { #expect(error as? AccountingError == .unknownNetwork(task: "c", level: LevelNumber(1))) }
  }

  @Test("of packed elements are elements or the bytes that hold them")
  func containers() throws {
    let specs = [
      try TensorSpec(name: "q.weight", dtype: .f4, shape: [6, 5]),
      try TensorSpec(name: "w", dtype: .f16, shape: [7]),
    ]
    for (elements, expected) in [("logical", 37), ("containers", 22)] {
      let counts = try Inventory(flat: specs).counts(under: policy(#""elements": "\#(elements)""#))
      #expect(counts.stored.parameters.value == expected && counts.stored.bytes.value == 29)
    }
  }

  static let malformed: [(members: String, sentence: String)] = [
    (
      #""parts": {"only": ["neck"]}"#,
      "parts.only[0]: expected 'body' or 'stem' or 'shortcut' or 'head', found 'neck'"
    ),
    (#""assign": [{"match": "*"}]"#, "assign[0]: expected 'role' or 'part', found neither"),
    (#""assign": [{"role": "mask"}]"#, "policy: expected the key 'assign[0].match', found none"),
    (
      #""assign": [{"match": "*", "roles": "mask"}]"#,
      "assign[0]: expected a key of a counting policy, found 'roles'; the nearest name is 'role'"
    ),
    (#""assign": {}"#, "assign: expected an array, found an object"),
    (#""times": 0"#, "times: expected an integer from 1 to 1000000 or 'tasks', found 0"),
    (#""times": "units""#, "times: expected an integer from 1 to 1000000 or 'tasks', found a string"),
    (#""bits": {"mask": 65}"#, "bits.mask: expected an integer from 1 to 64, found 65"),
    (#""bits": []"#, "bits: expected an object, found an array"),
    (#""trainable": {"frozen": "*"}"#, "trainable.frozen: expected an array, found a string"),
    (
      #""scope": "level""#,
      "scope: expected 'active' or 'stored' or 'union' or 'increment' or 'stand-alone', found 'level'"
    ),
    (#""selection": []"#, "selection: expected 'uniform' or at least one network, found none"),
    (
      #""selection": [{"task": "a", "level": 1}]"#,
      "policy: expected the key 'selection[0].weight', found none"
    ),
    (
      #""selection": [{"task": "a", "level": 0, "weight": 1}]"#,
      "selection[0].level: expected an integer from 1 to 1000000, found 0"
    ),
  ]

  @Test("that cannot be are refused in one sentence", arguments: malformed)
  func refusals(members: String, sentence: String) {
    do {
      _ = try policy(members)
      Issue.record("expected \(sentence)")
    } catch { #expect("\(error)" == sentence) }
  }
}
