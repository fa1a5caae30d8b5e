package import StrictJSON
internal import Validation

extension FindingsReport {
  /// A log in the Static Analysis Results Interchange Format, version 2.1.0 (OASIS), which code scanning services read.
  ///
  /// - Parameter version: the version of tessera.
  package func sarif(version: String) -> JSONValue {
    let driver = Self.object([
      ("name", "tessera"), ("version", .string(version)),
      ("rules", .array(RuleID.allCases.map(Self.descriptor))),
    ])
    let invocation = Self.object([
      ("executionSuccessful", .bool(failures.isEmpty)),
      (
        "toolExecutionNotifications",
        .array(
          files.compactMap { file in
            file.failure.map { sentence in
              Self.object([
                ("level", "error"), ("message", Self.object([("text", .string(sentence))])),
                ("locations", .array([Self.object([Self.location(of: file.path)])])),
              ])
            }
          })
      ),
    ])
    let run = Self.object([
      ("tool", Self.object([("driver", driver)])), ("invocations", .array([invocation])),
      ("results", .array(findings.map(Self.result))),
    ])
    return Self.object([
      ("$schema", "https://json.schemastore.org/sarif-2.1.0.json"), ("version", "2.1.0"),
      ("runs", .array([run])),
    ])
  }

  private static func descriptor(_ rule: RuleID) -> JSONValue {
    object([
      ("id", .string(rule.rawValue)), ("shortDescription", object([("text", .string(rule.summary))])),
      ("help", object([("text", .string(rule.advice))])), ("helpUri", .string(rule.reference)),
    ])
  }

  private static func result(_ finding: Finding) -> JSONValue {
    var location = [location(of: finding.file)]
    var text = finding.message
    if !finding.location.isEmpty {
      location.append(
        ("logicalLocations", .array([object([("fullyQualifiedName", .string(finding.location))])])))
      // Viewers show the message, but not all show the logical place.
      text = "\(finding.location): \(text)"
    }
    text += ". \(finding.rule.advice)"
    return object([
      ("ruleId", .string(finding.rule.rawValue)),
      ("ruleIndex", JSONValue(RuleID.allCases.firstIndex(of: finding.rule) ?? 0)),
      // SARIF's levels have the same names as ours.
      ("level", .string(finding.severity.rawValue)), ("message", object([("text", .string(text))])),
      ("locations", .array([object(location)])),
    ])
  }

  private static func location(of path: String) -> (String, JSONValue) {
    let artifact = object([("uri", .string(uri(of: path)))])
    return ("physicalLocation", object([("artifactLocation", artifact)]))
  }

  /// The path as a URI reference (RFC 3986): relative paths stay relative.
  private static func uri(of path: String) -> String {
    let plain = Set("-._~/!$&'()*+,;=@".utf8)
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = path.hasPrefix("/") ? Array("file://".utf8) : []
    for byte in path.utf8 {
      let isLetter =
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      if isLetter || plain.contains(byte) {
        result.append(byte)
      } else {
        result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(JSONObject(members.map { JSONMember(key: $0.0, value: $0.1) }) ?? JSONObject())
  }
}
