internal import Tensors
internal import Validation

extension FindingsReport {
  /// JUnit XML for CI systems, with a suite for each file and a case for each rule that was applied.
  ///
  /// There is no standard; this is the common part of what Jenkins, GitLab and GitHub actions read. A case fails if one
  /// of the rule's findings fails. A file that could not be checked is an error.
  package var junit: String {
    let suites = files.map(suite)
    var result = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    result += "<testsuites name=\"tessera validate\"\(Self.totals(suites))>\n"
    for suite in suites { result += suite.text }
    return result + "</testsuites>\n"
  }

  private struct Suite {
    var tests = 0
    var skipped = 0
    var failures = 0
    var errors = 0
    var text = ""
  }

  private static func totals(_ suites: [Suite]) -> String {
    let tests = suites.reduce(0) { $0 + $1.tests }
    let failures = suites.reduce(0) { $0 + $1.failures }
    let errors = suites.reduce(0) { $0 + $1.errors }
    let skipped = suites.reduce(0) { $0 + $1.skipped }
    return " tests=\"\(tests)\" failures=\"\(failures)\" errors=\"\(errors)\" skipped=\"\(skipped)\""
  }

  private func suite(_ file: FileVerdict) -> Suite {
    let path = Self.escaped(file.path)
    var suite = Suite()
    var cases = ""
    if let failure = file.failure {
      (suite.tests, suite.errors) = (1, 1)
      cases += "    <testcase classname=\"\(path)\" name=\"readable\">\n"
      cases += "      <error message=\"\(Self.escaped(failure))\"/>\n    </testcase>\n"
    } else if let why = file.leftBecause, file.findings.isEmpty {
      (suite.tests, suite.skipped) = (1, 1)
      cases += "    <testcase classname=\"\(path)\" name=\"examined\">\n"
      cases += "      <skipped message=\"not examined: \(Self.escaped(why))\"/>\n    </testcase>\n"
    } else {
      for rule in file.rules {
        suite.tests += 1
        cases += testcase(rule, path: path, file.findings.filter { $0.rule == rule }, &suite)
      }
    }
    suite.text = "  <testsuite name=\"\(path)\"\(Self.totals([suite]))>\n\(cases)  </testsuite>\n"
    return suite
  }

  private func testcase(_ rule: RuleID, path: String, _ findings: [Finding], _ suite: inout Suite) -> String {
    let opening = "    <testcase classname=\"\(path)\" name=\"\(rule.rawValue)\""
    if findings.isEmpty { return opening + "/>\n" }
    var lines = findings.map { "\($0.severity.rawValue): \(Self.placed($0))" }
    lines.append("What to do: \(rule.advice)")
    let text = Self.escaped(lines.map(PrintableText.line).joined(separator: "\n"), keepsLines: true)
    guard let worst = findings.max(by: { $0.severity < $1.severity }), worst.severity >= failOn else {
      return opening + ">\n      <system-out>\(text)</system-out>\n    </testcase>\n"
    }
    suite.failures += 1
    return opening
      + ">\n      <failure type=\"\(worst.severity.rawValue)\" message=\"\(Self.escaped(Self.placed(worst)))\">"
      + "\(text)</failure>\n    </testcase>\n"
  }

  /// The tensor or place, and its defect.
  private static func placed(_ finding: Finding) -> String {
    finding.location.isEmpty ? finding.message : "\(finding.location): \(finding.message)"
  }

  /// Text for an attribute or an element. A character that XML 1.0 does not allow becomes an escape, as in Swift.
  private static func escaped(_ text: String, keepsLines: Bool = false) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n" where keepsLines: result += "\n"
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
