import StrictJSON
import TestSupport
import Testing

@Suite("count --claims")
struct ClaimTests {
  private static let samples = PaperSample.folder

  private func run(_ claims: String, _ more: [String] = []) throws -> Subprocess {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      Array(#"{"format":"tessera.claims/1","claims":[\#(claims)]}"#.utf8), as: "claims.json")
    return try withExtendedLifetime(folder) {
      try tessera(
        ["count", "\(Self.samples)/J1.plan.json", "--claims", path] + more, directory: folder.path)
    }
  }

  /// Level 1 of CIFAR-100 has 1,856,436 parameters under dvn-all and 1,838,592 under dvn-convolutions.
  static let claims: [(claim: String, holds: Bool, under: String?)] = [
    (#""claimed": 1856436"#, true, nil), (#""claimed": "1,856,436""#, true, nil),
    (#""claimed": 1856437"#, false, nil), (#""claimed": "1.9M""#, true, nil),
    (#""claimed": "1.86M""#, true, nil),
    (#""claimed": "1.8M""#, false, "dvn-convolutions"),
    (#""claimed": "1.8M", "rounding": "down""#, true, nil),
    (#""claimed": "1.9M", "rounding": "up""#, true, nil),
    (#""claimed": "1.9M", "rounding": "exact""#, false, nil),
    (#""claimed": "1.856436M", "rounding": "exact""#, true, nil),
    (#""claimed": 1838592"#, false, "dvn-convolutions"), (#""claimed": "7425744 bytes""#, true, nil),
    (#""claimed": "7.4MB""#, true, nil), (#""claimed": "7.0MiB""#, false, nil),
    (#""claimed": "7.1MiB""#, true, nil),
  ]

  @Test(
    "hold when they follow from the file, and else name the policies under which they would",
    arguments: claims)
  func rounding(claim: String, holds: Bool, under: String?) throws {
    let run = try run(#"{"method": "m", "task": "cifar100", "level": 1, "policy": "dvn-all", \#(claim)}"#)
    #expect(run.ending == .exited(holds ? 0 : 1), "\(run.errorText)")
    #expect(run.outputText.contains(holds ? "\nholds: m, task" : "\ndoes not hold: m, task"))
    if let under { #expect(run.outputText.contains("would hold under: \(under)\n")) }
    #expect(run.errorText.isEmpty == holds)
  }

  /// The number of claims of each scenario of the paper, and those that do not follow under dvn-all.
  static let scenarios: [(scenario: String, claims: Int, failing: [String])] = [
    ("J1", 5, ["cifar10 1: 1.9M, 1844826; []"]),
    ("J2", 16, []),
    (
      "J3", 9,
      [
        "cifar100 3: 29.8M, 29858468; [weights-only, dvn-convolutions]",
        "tiny-imagenet 2: 16.8M, 16854856; [weights-only, dvn-convolutions]",
        "tiny-imagenet 3: 29.8M, 29909768; [dvn-convolutions]",
      ]
    ),
    ("H1", 4, ["fine 1: 1.8M, 1856436; [dvn-convolutions]"]),
    ("S1", 4, []), ("S2", 4, []),
  ]

  @Test("of the paper hold, or name the policies under which they would", arguments: scenarios)
  func paper(scenario: String, count: Int, failing: [String]) throws {
    let run = try tessera(
      ["count", "\(scenario).plan.json", "--claims", "\(scenario).claims.json", "--json"],
      directory: Self.samples)
    #expect(run.ending == .exited(failing.isEmpty ? 0 : 1), "\(run.errorText)")
    guard case .object(let object) = try JSONParser().parse(run.output),
      case .array(let claims)? = object["claims"]
    else { return #expect(Bool(false)) }
    #expect(claims.count == count)
    let found = try claims.compactMap { claim -> String? in
      guard case .object(let claim) = claim, case .bool(let holds)? = claim["holds"] else {
        throw UnexpectedDocument()
      }
      if holds { return nil }
      guard case .string(let task)? = claim["task"], case .integer(let level)? = claim["level"],
        case .string(let claimed)? = claim["claimed"], case .integer(let number)? = claim["found"],
        case .array(let policies)? = claim["holds_under"]
      else { throw UnexpectedDocument() }
      let names = policies.map { policy -> String in
        guard case .object(let policy) = policy, case .string(let name)? = policy["id"] else { return "?" }
        return name
      }
      return "\(task) \(level): \(claimed), \(number); [\(names.joined(separator: ", "))]"
    }
    #expect(found == failing)
  }

  private struct UnexpectedDocument: Error {}

  @Test("of the paper are those of every document of the sample")
  func everyScenario() throws {
    #expect(
      Set(Self.scenarios.map { "\($0.scenario).claims.json" }) == Set(try PaperSample.files(".claims.json")))
  }

  @Test("of the paper that are changed by one do not hold", arguments: ["1844181", "7355861"])
  func broken(number: String) throws {
    let folder = try TemporaryFolder()
    let text = try TemporaryFolder.bytes(of: Self.samples + "/S1.claims.json")
    let changed = String(decoding: text, as: UTF8.self).replacing(number, with: "\(number.dropLast())0")
    let path = try folder.write(Array(changed.utf8), as: "claims.json")
    let run = try tessera(["count", "S1.plan.json", "--claims", path], directory: Self.samples)
    #expect(run.ending == .exited(1))
    #expect(run.outputText.split(separator: "\n").count { $0.hasPrefix("does not hold: ") } == 2)
  }

  static let refused: [(claim: String, sentence: String)] = [
    (
      #"{"claimed": "7B"}"#,
      "claims[0].claimed: expected a number such as 1.9M, 7,380,276 or 64MB, found '7B'"
    ),
    (
      #"{"claimed": 1, "task": "cifar10"}"#,
      "claims[0]: expected task and level, or neither of them, found only a task"
    ),
    (
      #"{"claims": 1}"#,
      "claims[0]: expected one of the keys method, task, level, claimed, rounding, policy, found 'claims'; the nearest name is 'claimed'"
    ),
    (
      #"{"task": "cifar10", "level": 9, "claimed": 1}"#,
      "claims[0]: expected a sub-network of the file, found task 'cifar10', level 9"
    ),
    (
      #"{"task": "cifar1", "level": 1, "claimed": 1}"#,
      "claims[0]: expected a sub-network of the file, found task 'cifar1', level 1; the nearest name is 'cifar10'"
    ),
    (
      #"{"claimed": 1, "rounding": "half"}"#,
      "claims[0].rounding: expected 'nearest' or 'down' or 'up' or 'exact', found 'half'"
    ),
    (#"{"claimed": 1, "policy": "dvn"}"#, "policy: expected all-stored"),
    ("", "claims: expected at least one claim, found none"),
  ]

  @Test("that cannot be checked end with 2 and one sentence", arguments: refused)
  func refusals(claim: String, sentence: String) throws {
    let said = try run(claim).sentence()
    #expect(said.contains(sentence), "\(said)")
  }

  @Test(
    "--union takes tasks and levels, and is a usage error otherwise",
    arguments: ["cifar10", "cifar10:x", "a:1,", ":0"])
  func unionUsage(text: String) throws {
    let run = try tessera(["count", "J1.plan.json", "--union", text], directory: Self.samples)
    #expect(run.ending == .exited(64) && run.errorText.contains("--union"))
  }

  @Test("--union of the same network twice is that network, and of all networks everything that is used")
  func unions() throws {
    for (text, together, separate) in [
      ("cifar10:1,cifar10:1", "1,849,369", "1,849,369"),
      ("cifar10:1,cifar10:2,cifar100:1,cifar100:2", "7,406,556", "18,465,816"),
    ] {
      let run = try tessera(["count", "J1.plan.json", "--union", text], directory: Self.samples)
      #expect(run.outputText.contains("together: \(together) parameters"), "\(run.outputText)")
      #expect(run.outputText.contains("as separate networks: \(separate) parameters"), "\(run.outputText)")
    }
  }
}
