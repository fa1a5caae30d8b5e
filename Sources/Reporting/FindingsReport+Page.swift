internal import Tensors
internal import Validation

extension FindingsReport {
  /// The findings as a table, or the sentence that there are none.
  var pageText: String {
    if findings.isEmpty, failures.isEmpty {
      return PageText.paragraph("No findings: every rule that was checked holds.") + scope
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
    return (findings.isEmpty ? "" : table.html) + scope
      + failures.map { PageText.paragraph("Not checked: \($0)", "error") }.joined()
  }

  /// What was checked, file by file.
  private var scope: String {
    let checked = files.filter { $0.failure == nil && $0.leftBecause == nil }
    if checked.isEmpty { return "" }
    return PageText.paragraph(
      "Checked: " + checked.prefix(20).map { "\($0.path) (\($0.scope))" }.joined(separator: ", ")
        + (checked.count > 20 ? " and \((checked.count - 20).grouped) more" : "") + ".", "quiet")
  }
}
