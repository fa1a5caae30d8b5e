import Accounting
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Counting policies")
struct CountingPolicyTests {
  private func error(_ text: String) -> AccountingError? {
    do {
      _ = try CountingPolicy(parsing: Array(text.utf8))
      return nil
    } catch { return error }
  }

  /// A policy with these members after the format.
  private static func policy(_ members: String) -> String {
    #"{"format": "tessera.counting-policy/1", \#(members)}"#
  }

  private static let named = #""id": "p", "version": 1, "title": "t""#

  static let malformed: [(text: String, sentence: String)] = [
    ("{", "line 1, column 2 (byte 1): expected a key in quotes, found the end of the text"),
    ("[]", "policy: expected an object, found an array"),
    ("{}", "format: expected 'tessera.counting-policy/1', found no \"format\""),
    (
      #"{"format": "tessera.plan/1"}"#, "format: expected 'tessera.counting-policy/1', found 'tessera.plan/1'"
    ),
    (
      policy(#"\#(named), "role": {}"#),
      "policy: expected a key of a counting policy, found 'role'; the nearest name is 'roles'"
    ),
    (policy(#""version": 1, "title": "t""#), "policy: expected the key 'id', found none"),
    (policy(#""id": "p", "title": "t""#), "policy: expected the key 'version', found none"),
    (policy(#""id": "p", "version": 1"#), "policy: expected the key 'title', found none"),
    (policy(#""id": 7, "version": 1, "title": "t""#), "id: expected a string, found an integer"),
    (
      policy(#""id": "P q", "version": 1, "title": "t""#),
      "id: expected 1 to 64 lower-case letters, digits and hyphens, found 'P q'"
    ),
    (policy(#""id": "p", "version": 0, "title": "t""#), "version: expected an integer from 1, found 0"),
    (policy(#""id": "p", "version": 1.5, "title": "t""#), "version: expected an integer, found a number"),
    (policy(#"\#(named), "ties": "twice""#), "ties: expected 'once' or 'each' or 'use', found 'twice'"),
    (
      policy(#"\#(named), "elements": "stored""#),
      "elements: expected 'logical' or 'containers', found 'stored'"
    ),
    (policy(#"\#(named), "roles": ["bias"]"#), "roles: expected an object, found an array"),
    (policy(#"\#(named), "roles": {}"#), "roles: expected 'only' or 'leave_out', found neither"),
    (
      policy(#"\#(named), "roles": {"only": [], "leave_out": []}"#),
      "roles: expected 'only' or 'leave_out', found both"
    ),
    (
      policy(#"\#(named), "names": {"leave": []}"#),
      "names: expected a key of a counting policy, found 'leave'"
    ),
    (
      policy(#"\#(named), "roles": {"only": ["weight", "wieght"]}"#),
      "roles.only[1]: expected a role (weight, embedding, bias, norm-affine, norm-statistics, counter, buffer, selector, mask, "
        + "assignment, quantisation, kernel-transform, optimizer-state, other), found 'wieght'; the nearest name is 'weight'"
    ),
    (
      policy(#"\#(named), "roles": {"leave_out": ["bias", "bias"]}"#),
      "roles.leave_out[1]: expected each role once, found 'bias' again"
    ),
    (policy(#"\#(named), "roles": {"only": "bias"}"#), "roles.only: expected an array, found a string"),
    (policy(#"\#(named), "names": {"only": [1]}"#), "names.only[0]: expected a string, found an integer"),
    (
      policy(#"\#(named), "names": {"only": ["\#(String(repeating: "*a", count: 17))"]}"#),
      "names.only[0]: expected a pattern within the limits of a plan's, found '\(String(repeating: "*a", count: 17))'"
    ),
  ]

  @Test("malformed are refused in one sentence that says where", arguments: malformed)
  func refusals(text: String, sentence: String) {
    #expect(error(text)?.description == sentence)
  }

  @Test("the presets are the files in Policies/, each by its own id")
  func presets() throws {
    let folder = SourceFolder.root + "/Sources/Accounting/Policies"
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(files == PolicyPreset.allCases.map { $0.rawValue + ".json" }.sorted())
    for preset in PolicyPreset.allCases {
      #expect(try TemporaryFolder.bytes(of: "\(folder)/\(preset.rawValue).json") == preset.document)
      let policy = try PolicyPreset.policy(named: preset.rawValue)
      #expect(policy.id == preset.rawValue && policy.version >= 1 && !policy.title.isEmpty)
    }
    do {
      _ = try PolicyPreset.policy(named: "weight-only")
      Issue.record("there is no such preset")
    } catch { #expect(error == .unknownPreset(name: "weight-only", nearest: ["weights-only"])) }
  }

  @Test("the digest is that of the rule, not of its spelling")
  func digests() throws {
    func digest(_ members: String) throws -> String {
      try CountingPolicy(parsing: Array(Self.policy(members).utf8)).digest.description
    }
    let plain = try digest(Self.named)
    #expect(try digest(#""title":"t",   "version": 1, "id": "p", "$schema": "x.json""#) == plain)
    // sha256 of {"format":"tessera.counting-policy/1","id":"p","title":"t","version":1}
    #expect(plain == "90527c4951b74446c40bde6b3ef783185fea027acf3054af559f1eb5d0f3d1f3")
    var seen: Set<String> = [plain]
    for change in [
      #""id": "q", "version": 1, "title": "t""#, #""id": "p", "version": 2, "title": "t""#,
      #"\#(Self.named), "ties": "each""#, #"\#(Self.named), "roles": {"only": ["bias"]}"#,
      #"\#(Self.named), "roles": {"leave_out": ["bias"]}"#,
    ] { #expect(seen.insert(try digest(change)).inserted, "\(change)") }
  }
}
