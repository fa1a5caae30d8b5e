import StrictJSON
import TestSupport
import Testing

/// The exact parameter counts of the paper's networks, all from the command and the plans in samples/paper.
@Suite("The paper's counts")
struct PaperCountTests {
  private static let samples = PaperSample.folder

  private static let own = ["convolutions", "with-stem", "with-norms", "trained", "heads"]

  private func parameters(_ scenario: String, _ policy: String) throws -> [String: Int64] {
    let run = try tessera(
      [
        "count", "\(scenario).plan.json", "--json", "--policy",
        Self.own.contains(policy) ? "policies/\(policy).json" : policy,
      ],
      directory: Self.samples)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    guard case .object(let object) = try JSONParser().parse(run.output) else { return [:] }
    return countedParameters(object)
  }

  static let cases: [(scenario: String, policy: String, expected: [String: Int64])] = [
    ("J1", "convolutions", ["cifar10 2": 7_345_152, "cifar10 1": 1_838_592, "cifar100 1": 1_838_592]),
    ("J1", "with-stem", ["cifar100 2": 7_345_584]), ("J1", "with-norms", ["cifar100 2": 7_354_576]),
    ("J1", "trained", ["cifar100 2": 7_380_276, "cifar10 1": 1_844_826, "cifar100 1": 1_856_436]),
    ("J1", "heads", ["stored": 42_460]),
    ("H1", "convolutions", ["coarse 1": 1_838_592, "fine 2": 7_345_152]),
    ("H1", "trained", ["fine 1": 1_856_436, "fine 2": 7_380_276]),
    ("J2", "heads", ["stored": 256_800]),
    ("J1", "dvn-convolutions", ["cifar10 2": 7_345_152, "cifar10 1": 1_838_592]),
    ("J1", "dvn-all", ["cifar100 2": 7_380_276, "cifar10 1": 1_844_826, "cifar100 1": 1_856_436]),
    ("J2", "dvn-convolutions", ["subset1 1": 1_868_544, "subset4 4": 29_786_112]),
    ("J2", "dvn-all", ["subset2 2": 7_480_050, "subset3 3": 16_797_106]),
    (
      "J3", "dvn-convolutions",
      ["cifar100 1": 7_455_744, "tiny-imagenet 2": 16_761_600, "stl10 3": 29_786_112, "stored": 29_786_112]
    ),
    (
      "J3", "with-norms",
      ["cifar100 3": 29_807_168, "tiny-imagenet 1": 7_467_200, "stl10 2": 16_777_856, "stored": 29_810_880]
    ),
    (
      "J3", "dvn-all",
      [
        "cifar100 1": 7_492_900, "cifar100 2": 16_816_356, "cifar100 3": 29_858_468,
        "tiny-imagenet 1": 7_518_600, "tiny-imagenet 2": 16_854_856, "tiny-imagenet 3": 29_909_768,
        "stl10 1": 7_469_770, "stl10 2": 16_781_706, "stl10 3": 29_812_298,
      ]
    ),
    ("J3", "heads", ["stored": 358_050]),
    ("S1", "dvn-convolutions", ["first 1": 1_838_592, "second 2": 7_345_152]),
    (
      "S1", "dvn-all",
      ["first 1": 1_844_181, "first 2": 7_355_861, "second 1": 1_844_181, "second 2": 7_355_861]
    ),
    ("S2", "dvn-convolutions", ["cifar10 1": 7_345_152, "cifar100 2": 29_362_176]),
    (
      "S2", "dvn-all",
      [
        "cifar10 1": 7_357_146, "cifar10 2": 29_385_690, "cifar100 1": 7_380_276, "cifar100 2": 29_431_860,
        "stored": 29_465_724,
      ]
    ),
    ("toy", "keras-total", ["stored": 13_108_758]), ("toy", "pytorch-parameters", ["stored": 13_108_694]),
    ("toy", "pytorch-state-dict", ["stored": 13_108_759]), ("toy", "trainable", ["stored": 13_108_694]),
  ]

  @Test("of single sub-networks and of everything stored", arguments: cases)
  func numbers(scenario: String, policy: String, expected: [String: Int64]) throws {
    let found = try parameters(scenario, policy)
    for (row, number) in expected { #expect(found[row] == number, "\(row)") }
  }

  @Test("cover every plan of the sample")
  func plans() throws {
    #expect(Set(Self.cases.map { "\($0.scenario).plan.json" }) == Set(try PaperSample.files(".plan.json")))
  }

  @Test(
    "of ResNet-42 are those of every task",
    arguments: [
      ("convolutions", [1_868_544, 7_455_744, 16_761_600, 29_786_112]),
      ("trained", [1_881_650, 7_480_050, 16_797_106, 29_832_818]),
    ])
  func resNet(policy: String, expected: [Int64]) throws {
    let found = try parameters("J2", policy)
    #expect(found.count == 17)
    for task in 1...4 {
      for level in 1...4 { #expect(found["subset\(task) \(level)"] == expected[level - 1]) }
    }
  }

  @Test(
    "stand on orders that both readings of the rule give as the paper's tables have them",
    arguments: [
      ("nearest", [[0, 1, 2, 3], [1, 0, 2, 3], [2, 1, 3, 0], [3, 2, 1, 0]]),
      ("adjacent", [[0, 1, 2, 3], [1, 0, 2, 3], [2, 1, 0, 3], [3, 2, 1, 0]]),
    ])
  func rules(rule: String, expected: [[Int64]]) throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(SampleWeights.bytes([("up", "F32", [8, 3])]), as: "w.safetensors")
    let run = try tessera(
      [
        "plan", "w.safetensors", "--units", "4", "--tasks", "a,b,c,d", "--cut", "up=x,-", "--rule", rule,
      ], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    guard case .object(let plan) = try JSONParser().parse(run.output), case .array(let tasks)? = plan["tasks"]
    else { return #expect(Bool(false)) }
    #expect(tasks.count == 4)
    for (task, order) in zip(tasks, expected) {
      guard case .object(let task) = task else { continue }
      #expect(task["order"] == .array(order.map { .integer($0) }))
    }
    if rule == "nearest" {
      guard
        case .object(let sample) = try JSONParser().parse(
          TemporaryFolder.bytes(of: Self.samples + "/J2.plan.json")),
        case .array(let own)? = sample["tasks"]
      else { return #expect(Bool(false)) }
      for (task, order) in zip(own, expected) {
        guard case .object(let task) = task else { continue }
        #expect(task["order"] == .array(order.map { .integer($0) }))
      }
    }
  }
}
