internal import Tensors
internal import Validation

extension FindingsReport {
  /// A line for each document of a project, then a line for each checked file, and under it one for each finding:
  /// severity, rule, place, defect.
  ///
  /// The file is named once, on its own line, so most findings fit a terminal of 80 columns. No finding is shortened.
  package var text: String {
    var result = ""
    for document in documents {
      let count = files.count { $0.documents.contains(document.path) }
      let verb = document.rule == .lock ? "lists" : "rules for"
      result += "\(document.rule.rawValue): \(PrintableText.line(document.path)) "
      result += "(\(verb) \(count) \(count == 1 ? "file" : "files"))\n"
    }
    for file in files where file.failure == nil {
      result += "\(PrintableText.line(file.path)): "
      if let why = file.leftBecause {
        result += "not examined (\(PrintableText.line(why)))\n"
      } else {
        result += "\(verdict(file)) (\(file.scope))\n"
      }
      for finding in file.findings {
        var place = finding.location.isEmpty ? "" : "\(finding.location): "
        // A finding in a shard belongs to another file than the index.
        if finding.file != file.path { place = "\(finding.file): \(place)" }
        result += "  \(finding.severity.rawValue) \(finding.rule.rawValue): "
        result += PrintableText.line(place + finding.message) + "\n"
      }
    }
    return result
  }

  /// "ok", "ok, 2 notes", "1 error, 2 notes".
  private func verdict(_ file: FileVerdict) -> String {
    var words: [String] = isGood(file) ? ["ok"] : []
    for severity in Severity.allCases.reversed() {
      let count = file.findings.count { $0.severity == severity }
      if count > 0 { words.append("\(count) \(severity.rawValue)\(count == 1 ? "" : "s")") }
    }
    return words.joined(separator: ", ")
  }
}
