import Foundation
import Reporting
import StrictJSON
import TestSupport
import Testing
import Validation

@Suite("Reports of findings")
struct FindingsReportTests {
  private let report = FindingsReport(
    files: [
      .init(
        path: "a.h5", kind: "unit-checkpoint", tensorCount: 12, isDeep: true,
        findings: [
          Finding(
            .pageChecksum, file: "a.h5", location: "/intra/0/F32 page 1", message: "expected 1, found 2",
            defect: "checkpoint.page-checksum"),
          Finding(.links, .warning, file: "a.h5", location: "'/x'", message: "expected <\"&\">"),
          Finding(.nonFinite, .note, file: "a.h5", location: "tensor 'w'", message: "expected 3"),
        ], rules: [.links, .digest, .pageChecksum, .nonFinite]),
      .init(
        path: "b,1.h5", kind: "unit-checkpoint", tensorCount: 1,
        findings: [
          Finding(.placement, .note, file: "b,1.h5", location: "", message: "100 % moved, by\na tool")
        ], rules: [.placement]
      ),
      .init(path: "/c d.h5", kind: "pickle", tensorCount: 0, findings: [], rules: [.structure, .tiles]),
      .init(path: "notes.txt", left: "text"),
      .init(path: "e", failure: "e: cannot open"),
    ])

  @Test("as text have a line per file and a line per finding, and say which files are good")
  func text() {
    #expect(
      report.text == """
        a.h5: 1 error, 1 warning, 1 note (unit-checkpoint, 12 tensors)
          error page-checksum: /intra/0/F32 page 1: expected 1, found 2
          warning links: '/x': expected <"&">
          note non-finite: tensor 'w': expected 3
        b,1.h5: ok, 1 note (unit-checkpoint, 1 tensor, data not read)
          note placement: 100 % moved, by\\u{a}a tool
        /c d.h5: ok (pickle, 0 tensors)
        notes.txt: not examined (text)

        """)
  }

  @Test("as GitHub annotations escape what would end a property or a line")
  func github() {
    #expect(
      report.githubAnnotations == """
        ::error file=e,title=tessera unreadable::e: cannot open
        ::error file=a.h5,title=tessera page-checksum::/intra/0/F32 page 1: expected 1, found 2
        ::warning file=a.h5,title=tessera links::'/x': expected <"&">
        ::notice file=a.h5,title=tessera non-finite::tensor 'w': expected 3
        ::notice file=b%2C1.h5,title=tessera placement::100 %25 moved, by%0Aa tool

        """)
  }

  @Test("as JSON have a member for each part, and the files that could not be checked")
  func json() throws {
    guard case .object(let object) = report.json else { return #expect(Bool(false)) }
    #expect(object["format"] == "tessera.validate/1" && object["ok"] == .bool(false))
    #expect(object["unchecked"] == .array(["e: cannot open"]))
    guard case .array(let list)? = object["findings"], case .object(let first)? = list.first else {
      return #expect(Bool(false))
    }
    #expect(list.count == 4)
    guard case .array(let files)? = object["files"] else { return #expect(Bool(false)) }
    let members = files.compactMap { if case .object(let file) = $0 { file } else { nil } }
    #expect(members.map { $0["ok"] } == [.bool(false), .bool(true), .bool(true), .null, .bool(false)])
    #expect(members.map { $0["checked"] } == [true, true, true, false, false].map(JSONValue.bool))
    #expect(members.map { $0["kind"] } == ["unit-checkpoint", "unit-checkpoint", "pickle", .null, .null])
    #expect(members.map { $0["data_read"] } == [.bool(true), .bool(false), .bool(false), nil, nil])
    #expect(members[3]["why"] == "text" && members[4]["why"] == "e: cannot open")
    #expect(first.members.map(\.key) == ["rule", "severity", "file", "location", "message", "defect"])
    #expect(first["rule"] == "page-checksum" && first["defect"] == "checkpoint.page-checksum")
  }

  @Test("as SARIF describe every rule, and each result points at its own")
  func sarif() throws {
    let log = try #require(
      try JSONSerialization.jsonObject(with: Data(JSONWriter.bytes(report.sarif(version: "9.8"))))
        as? [String: Any])
    #expect(log["version"] as? String == "2.1.0")
    let run = try #require((log["runs"] as? [[String: Any]])?.first)
    let driver = try #require((run["tool"] as? [String: [String: Any]])?["driver"])
    #expect(driver["name"] as? String == "tessera" && driver["version"] as? String == "9.8")
    let rules = try #require(driver["rules"] as? [[String: Any]])
    #expect(rules.compactMap { $0["id"] as? String } == RuleID.allCases.map(\.rawValue))
    #expect(rules.allSatisfy { ($0["helpUri"] as? String)?.hasPrefix("https://") == true })
    #expect(rules.compactMap { ($0["help"] as? [String: String])?["text"] } == RuleID.allCases.map(\.advice))
    let results = try #require(run["results"] as? [[String: Any]])
    #expect(results.compactMap { $0["level"] as? String } == ["error", "warning", "note", "note"])
    for result in results {
      let index = try #require(result["ruleIndex"] as? Int)
      #expect(rules[index]["id"] as? String == result["ruleId"] as? String)
      #expect((result["message"] as? [String: String])?["text"]?.isEmpty == false)
    }
    let invocation = try #require((run["invocations"] as? [[String: Any]])?.first)
    #expect(invocation["executionSuccessful"] as? Bool == false)
    let notifications = try #require(invocation["toolExecutionNotifications"] as? [[String: Any]])
    #expect(notifications.count == 1)
    #expect("\(notifications[0]["locations"] ?? "")".contains(#""uri": "e""#), "\(notifications)")
    let text = try JSONWriter.text(report.sarif(version: "9.8"))
    #expect(text.contains(#""uri": "b,1.h5""#) && text.contains(#""fullyQualifiedName": "tensor 'w'""#))
  }

  @Test("as SARIF and in CI, paths are URI references")
  func uri() throws {
    let finding = Finding(.digest, file: "/c d%é.h5", location: "", message: "m")
    let report = FindingsReport(files: [
      .init(path: "/c d%é.h5", kind: "pickle", tensorCount: 0, findings: [finding], rules: [])
    ])
    #expect(try JSONWriter.text(report.sarif(version: "1")).contains(#""uri": "file:///c%20d%25%C3%A9.h5""#))
  }

  @Test("as JUnit are well-formed suites whose numbers are those of their cases")
  func junit() throws {
    let text = report.junit
    // Four rules were applied to the first file, one to the second, two to the third.
    #expect(
      text.hasPrefix(
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="tessera validate" tests="9" failures="2" errors="1" skipped="1">
          <testsuite name="a.h5" tests="4" failures="2" errors="0" skipped="0">

        """))
    #expect(
      text.contains(
        #"<failure type="warning" message="'/x': expected &lt;&quot;&amp;&quot;&gt;">"#
          + "warning: '/x': expected &lt;&quot;&amp;&quot;&gt;\nWhat to do: \(RuleID.links.advice)</failure>")
    )
    #expect(text.contains("<system-out>note: 100 % moved, by\\u{a}a tool\nWhat to do: "))
    #expect(text.contains(#"<skipped message="not examined: text"/>"#))
    #expect(text.contains(#"<error message="e: cannot open"/>"#))
    #expect(text.components(separatedBy: "<testcase ").count == 9 + 1)
    for tag in ["testsuites", "testsuite", "failure", "system-out"] {
      #expect(
        text.components(separatedBy: "<\(tag)>").count + text.components(separatedBy: "<\(tag) ").count
          == text.components(separatedBy: "</\(tag)>").count + 1, "\(tag)")
    }
  }

  @Test("are clean with notes, and not with anything worse", arguments: Severity.allCases)
  func clean(severity: Severity) throws {
    let finding = Finding(.digest, severity, file: "x", location: "", message: "m")
    let report = FindingsReport(files: [
      .init(path: "x", kind: "npy", tensorCount: 1, findings: [finding], rules: [.digest])
    ])
    #expect(report.isClean == (severity == .note))
    guard case .object(let object) = report.json else { return #expect(Bool(false)) }
    #expect(object["ok"] == .bool(severity == .note))
  }

  @Test(
    "fail from the severity that is asked for, in every form", arguments: Severity.allCases, Severity.allCases
  )
  func threshold(severity: Severity, failOn: Severity) throws {
    let finding = Finding(.digest, severity, file: "x", location: "", message: "m")
    let file = FileVerdict(path: "x", kind: "npy", tensorCount: 1, findings: [finding], rules: [.digest])
    let report = FindingsReport(files: [file], failOn: failOn)
    let fails = severity >= failOn
    #expect(report.isClean == !fails && report.text.hasPrefix("x: ok") == !fails)
    #expect(report.junit.contains("<failure") == fails)
    guard case .object(let object) = report.json else { return #expect(Bool(false)) }
    #expect(object["ok"] == .bool(!fails))
  }

  @Test("are not clean when a file could not be checked")
  func unchecked() throws {
    let report = FindingsReport(files: [.init(path: "x", failure: "x: cannot open")])
    guard case .object(let object) = report.json else { return #expect(Bool(false)) }
    #expect(!report.isClean && object["ok"] == .bool(false))
  }

  @Test("name rules that the schema knows, and all of them")
  func schema() throws {
    let path = SourceFolder.root + "/schemas/validate.schema.json"
    let parsed = try JSONParser().parse(try TemporaryFolder.bytes(of: path))
    func member(_ value: JSONValue, _ keys: String...) -> JSONValue? {
      var value: JSONValue? = value
      for key in keys {
        guard case .object(let object)? = value else { return nil }
        value = object[key]
      }
      return value
    }
    let rule = member(parsed, "properties", "findings", "items", "properties", "rule", "enum")
    #expect(rule == .array(RuleID.allCases.map { .string($0.rawValue) }))
    #expect(RuleID.allCases.allSatisfy { $0.rawValue.allSatisfy { $0.isLowercase || $0 == "-" } })
  }
}
