internal import Validation

extension FindingsReport {
  /// The findings as a table, or the sentence that there are none.
  var pageText: String {
    if findings.isEmpty, failures.isEmpty {
      return PageText.paragraph("No findings: every rule of the format holds.")
    }
    var table = PageTable(
      "Findings of validate",
      [("rule", false), ("severity", false), ("place", false), ("finding", false), ("what to do", false)])
    for finding in findings {
      table.append([
        finding.rule.rawValue,
        "<span class=\"\(finding.severity.rawValue)\">\(finding.severity.rawValue)</span>",
        PageText.name(finding.location), PageText.escaped(finding.message),
        PageText.escaped(finding.rule.advice),
      ])
    }
    return (findings.isEmpty ? "" : table.html)
      + failures.map { PageText.paragraph("Not checked: \($0)", "error") }.joined()
  }
}
