internal import Validation

extension FindingsReport {
  /// Workflow commands that GitHub shows with the files of a change.
  package var githubAnnotations: String {
    var result = ""
    for file in files {
      guard let failure = file.failure else { continue }
      result +=
        "::error file=\(Self.escapedProperty(file.path)),title=tessera unreadable::\(Self.escaped(failure))\n"
    }
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
