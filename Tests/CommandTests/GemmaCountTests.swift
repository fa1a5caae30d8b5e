import StrictJSON
import TestSupport
import Testing

/// The sizes of Gemma 3n that its vendor prints, against the plans in samples/gemma3n, which have no weights.
@Suite("The sizes of Gemma 3n")
struct GemmaCountTests {
  private static let samples = SourceFolder.root + "/samples/gemma3n"

  private func counted(_ arguments: [String], code: Int32 = 0) throws -> JSONObject {
    let run = try tessera(["count"] + arguments + ["--json"], directory: Self.samples)
    #expect(run.ending == .exited(code), "\(run.errorText)")
    guard case .object(let object) = try JSONParser().parse(run.output) else { return JSONObject() }
    return object
  }

  private func parameters(_ plan: String, _ policy: String) throws -> [String: Int64] {
    let own = policy == "all-stored" ? policy : "policies/\(policy).json"
    return countedParameters(try counted(["\(plan).plan.json", "--policy", own]))
  }

  static let cases: [(plan: String, policy: String, expected: [String: Int64])] = [
    ("E4B", "all-stored", ["all 1": 5_439_438_272, "all 2": 7_849_978_192, "stored": 7_849_978_192]),
    ("E4B", "text", ["all 1": 4_456_156_768, "all 2": 6_866_696_688, "stored": 6_866_696_688]),
    ("E4B", "effective", ["all 1": 1_905_495_648, "all 2": 3_980_491_248, "stored": 3_980_491_248]),
    ("E4B", "effective-as-described", ["all 1": 2_442_890_848, "all 2": 4_517_886_448]),
    ("E4B", "effective-as-built", ["all 1": 1_884_521_568, "all 2": 3_949_030_128]),
    ("E4B", "shared-kv", ["all 1": 20_974_080, "all 2": 31_461_120]),
    (
      "submodels", "effective-as-built",
      [
        "guide 1": 867_676_224, "guide 2": 1_129_109_040, "guide 3": 1_457_651_232, "guide 4": 1_580_908_992,
        "guide 5": 1_695_777_888, "stored": 3_949_030_128,
      ]
    ),
    ("submodels", "text", ["stored": 6_866_696_688]),
  ]

  @Test("are exact under every policy of the sample")
  func policies() throws {
    var ran = 0
    for (plan, policy, expected) in Self.cases {
      let found = try parameters(plan, policy)
      #expect(found.count == (plan == "E4B" ? 17 : 6), "\(plan) \(policy)")
      for (row, number) in expected {
        #expect(found[row] == number, "\(plan) \(policy) \(row)")
        ran += 1
      }
    }
    #expect(Self.cases.count == 8 && ran == 22)
  }

  /// Every claim of the sample, in the order of its files.
  static let claims: [(plan: String, method: String, found: Int64, holds: Bool)] = [
    ("E4B", "E2B, Hub", 5_439_438_272, true), ("E4B", "E4B, Hub", 7_849_978_192, true),
    ("E4B", "E2B, developer guide", 5_439_438_272, true), ("E4B", "E2B, model card", 5_439_438_272, false),
    ("E4B", "E4B, developer guide and model card", 7_849_978_192, true),
    ("E4B", "E2B, notebook: total", 5_439_438_272, false),
    ("E4B", "E2B, notebook: text", 4_456_156_768, true),
    ("E4B", "E2B, notebook: effective", 1_905_495_648, true),
    ("E4B", "E2B, notebook: effective, as described", 2_442_890_848, false),
    ("E4B", "E2B, slicing configs", 1_905_495_648, true),
    ("E4B", "E4B, slicing configs", 3_980_491_248, true),
    ("E4B", "E1.96B-layer, slicing configs", 1_955_827_296, true),
    ("E4B", "E2.54B-layer, slicing configs", 2_520_873_456, false),
    ("E4B", "E2.69B-layer, slicing configs", 2_671_868_400, false),
    ("E4B", "E2.98B-layer, slicing configs", 2_973_858_288, false),
    ("E4B", "E3.18B-layer, slicing configs", 3_175_184_880, true),
    ("E4B", "E3.39B-layer, slicing configs", 3_376_511_472, false),
    ("E4B", "E3.59B-layer, slicing configs", 3_577_838_064, false),
    ("E4B", "E3.79B-layer, slicing configs", 3_779_164_656, false),
    ("E4B", "E2.49B-block, slicing configs", 2_470_541_808, false),
    ("E4B", "E2.73B-block, slicing configs", 2_722_200_048, false),
    ("E4B", "E2.98B-block, slicing configs", 2_973_858_288, false),
    ("E4B", "E3.24B-block, slicing configs", 3_225_516_528, false),
    ("E4B", "E3.49B-block, slicing configs", 3_477_174_768, false),
    ("E4B", "E3.79B-block, slicing configs", 3_728_833_008, false),
    ("submodels", "0.52B, guide", 882_358_080, false), ("submodels", "0.71B, guide", 1_145_888_304, false),
    ("submodels", "0.95B, guide", 1_472_333_088, false), ("submodels", "1.32B, guide", 1_597_688_256, false),
    ("submodels", "1.51B, guide", 1_716_751_968, false),
  ]

  @Test("are compared with every claim of the sample", arguments: ["E4B", "submodels"])
  func everyClaim(plan: String) throws {
    let object = try counted(["\(plan).plan.json", "--claims", "\(plan).claims.json"], code: 1)
    guard case .array(let claims)? = object["claims"] else { return #expect(Bool(false)) }
    let rows = claims.map { claim -> [JSONValue?] in
      guard case .object(let claim) = claim else { return [] }
      return [claim["method"], claim["found"], claim["holds"]]
    }
    let expected = Self.claims.filter { $0.plan == plan }.map { claim -> [JSONValue?] in
      [.string(claim.method), .integer(claim.found), .bool(claim.holds)]
    }
    #expect(rows == expected)
    #expect(rows.count == (plan == "E4B" ? 25 : 5) && Self.claims.count == 30)
  }

  @Test("as printed by the notebook count the token embedding as the output head again")
  func notebook() throws {
    let bytes = try TemporaryFolder.bytes(of: Self.samples + "/E4B.plan.json")
    guard case .object(let plan) = try JSONParser().parse(bytes), case .array(let tensors)? = plan["tensors"]
    else { return #expect(Bool(false)) }
    var elements: [String: Int64] = [:]
    for tensor in tensors {
      guard case .object(let tensor) = tensor, case .string(let name)? = tensor["name"],
        case .array(let shape)? = tensor["shape"]
      else { continue }
      let sizes = shape.map { size -> Int64 in
        guard case .integer(let size) = size else { return 0 }
        return size
      }
      let count = sizes.reduce(1, *)
      elements[name] = count
    }
    #expect(elements.count == 1_676 && elements.values.reduce(0, +) == 7_849_978_192)
    let head = try #require(elements["model.language_model.embed_tokens.weight"])
    let bias = try #require(elements["model.vision_tower.timm_model.conv_stem.conv.bias"])
    let rows = try parameters("E4B", "all-stored")
    let stored = try #require(rows["all 1"])
    #expect(stored + head - bias == 5_976_833_408)
  }
}
