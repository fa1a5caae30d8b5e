import StrictJSON
import TestSupport
import Testing

@Suite("count --claims")
struct ClaimTests {
  private static let samples = SourceFolder.root + "/samples/paper"

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

  @Test("of the paper for J1: only that of CIFAR-10 at half width does not follow")
  func paper() throws {
    let run = try tessera(
      ["count", "J1.plan.json", "--claims", "J1.claims.json", "--json"], directory: Self.samples)
    #expect(run.ending == .exited(1))
    guard case .object(let object) = try JSONParser().parse(run.output),
      case .array(let claims)? = object["claims"]
    else { return #expect(Bool(false)) }
    let rows = claims.map { claim -> [JSONValue?] in
      guard case .object(let claim) = claim else { return [] }
      return [claim["found"], claim["holds"]]
    }
    #expect(
      rows == [
        [1_844_826, .bool(false)], [7_357_146, .bool(true)], [1_856_436, .bool(true)],
        [7_380_276, .bool(true)],
        [14_751_612, .bool(true)],
      ])
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
