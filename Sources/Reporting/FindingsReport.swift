package import StrictJSON
package import Validation

/// What `validate` prints: the findings of all files, and whether there is anything to act on.
package struct FindingsReport: Sendable {
  package let files: [String]
  package let findings: [Finding]

  package init(files: [String], findings: [Finding]) {
    self.files = files
    self.findings = findings
  }

  /// Whether nothing worse than a note was found.
  package var isClean: Bool { findings.allSatisfy { $0.severity == .note } }

  /// A line per finding, and a last one that sums up.
  package var text: String {
    var result = ""
    for finding in findings {
      let place = finding.location.isEmpty ? "" : ": \(finding.location)"
      result +=
        "\(finding.file)\(place): \(finding.severity.rawValue): \(finding.message) [\(finding.rule.rawValue)]\n"
    }
    for file in files where !findings.contains(where: { $0.file == file && $0.severity > .note }) {
      result += "\(file): ok\n"
    }
    return result
  }

  /// As `schemas/validate.schema.json` describes it.
  package var json: JSONValue {
    let list = findings.map { finding -> JSONValue in
      .object(
        JSONObject([
          .init(key: "rule", value: .string(finding.rule.rawValue)),
          .init(key: "severity", value: .string(finding.severity.rawValue)),
          .init(key: "file", value: .string(finding.file)),
          .init(key: "location", value: .string(finding.location)),
          .init(key: "message", value: .string(finding.message)),
        ]) ?? JSONObject())
    }
    return .object(
      JSONObject([
        .init(key: "format", value: "tessera.validate/1"), .init(key: "ok", value: .bool(isClean)),
        .init(key: "findings", value: .array(list)),
      ]) ?? JSONObject())
  }

  /// Workflow commands that GitHub shows beside the files of a change.
  package var githubAnnotations: String {
    var result = ""
    for finding in findings {
      let level = finding.severity == .note ? "notice" : finding.severity.rawValue
      let place = finding.location.isEmpty ? "" : "\(finding.location): "
      result +=
        "::\(level) file=\(Self.escapedProperty(finding.file)),title=tessera \(finding.rule.rawValue)::"
        + Self.escaped(place + finding.message) + "\n"
    }
    return result
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "%": result += "%25"
      case "\r": result += "%0D"
      case "\n": result += "%0A"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func escapedProperty(_ text: String) -> String {
    var result = ""
    for scalar in escaped(text).unicodeScalars {
      switch scalar {
      case ":": result += "%3A"
      case ",": result += "%2C"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
