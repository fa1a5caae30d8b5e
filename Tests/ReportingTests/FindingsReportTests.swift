import Reporting
import StrictJSON
import Testing
import Validation

@Suite("Reports of findings")
struct FindingsReportTests {
  private let report = FindingsReport(
    files: ["a.h5", "b.h5", "c.h5"],
    findings: [
      Finding(.runChecksum, file: "a.h5", location: "tensor 'w'", message: "expected 1, found 2"),
      Finding(.placement, .note, file: "b.h5", location: "", message: "100 % moved, by\na tool"),
    ])

  @Test("as text name file, place, severity and rule, and say which files are good")
  func text() {
    #expect(
      report.text == """
        a.h5: tensor 'w': error: expected 1, found 2 [run-checksum]
        b.h5: note: 100 % moved, by
        a tool [placement]
        b.h5: ok
        c.h5: ok

        """)
  }

  @Test("as GitHub annotations escape what would end a property or a line")
  func github() {
    #expect(
      report.githubAnnotations == """
        ::error file=a.h5,title=tessera run-checksum::tensor 'w': expected 1, found 2
        ::notice file=b.h5,title=tessera placement::100 %25 moved, by%0Aa tool

        """)
  }

  @Test("are clean with notes, and not with anything worse", arguments: Severity.allCases)
  func clean(severity: Severity) throws {
    let report = FindingsReport(
      files: ["x"], findings: [Finding(.digest, severity, file: "x", location: "", message: "m")])
    #expect(report.isClean == (severity == .note))
    guard case .object(let object) = report.json else { return #expect(Bool(false)) }
    #expect(object["ok"] == .bool(severity == .note))
  }
}
