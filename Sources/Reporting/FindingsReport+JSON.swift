package import StrictJSON
internal import Validation

extension FindingsReport {
  /// The report in the form of `schemas/validate.schema.json`.
  package var json: JSONValue {
    let list = findings.map { finding -> JSONValue in
      var members: [JSONMember] = [
        .init(key: "rule", value: .string(finding.rule.rawValue)),
        .init(key: "severity", value: .string(finding.severity.rawValue)),
        .init(key: "file", value: .string(finding.file)),
        .init(key: "location", value: .string(finding.location)),
        .init(key: "message", value: .string(finding.message)),
      ]
      if let defect = finding.defect { members.append(.init(key: "defect", value: .string(defect))) }
      return .object(JSONObject(members) ?? JSONObject())
    }
    var members: [JSONMember] = [
      .init(key: "format", value: "tessera.validate/1"), .init(key: "ok", value: .bool(isClean)),
      .init(key: "findings", value: .array(list)), .init(key: "files", value: .array(files.map(member))),
    ]
    if !failures.isEmpty {
      members.append(.init(key: "unchecked", value: .array(failures.map(JSONValue.string))))
    }
    return .object(JSONObject(members) ?? JSONObject())
  }

  private func member(_ file: FileVerdict) -> JSONValue {
    var members: [JSONMember] = [
      .init(key: "file", value: .string(file.path)),
      .init(key: "kind", value: file.kind.map(JSONValue.string) ?? .null),
      .init(key: "checked", value: .bool(file.state == .checked)),
      .init(key: "ok", value: file.leftBecause != nil && file.findings.isEmpty ? .null : .bool(isGood(file))),
    ]
    members.append(.init(key: "documents", value: .array(file.documents.map(JSONValue.string))))
    if let count = file.tensorCount { members.append(.init(key: "tensors", value: JSONValue(count))) }
    if file.state == .checked { members.append(.init(key: "data_read", value: .bool(file.isDeep))) }
    if let why = file.leftBecause ?? file.failure { members.append(.init(key: "why", value: .string(why))) }
    return .object(JSONObject(members) ?? JSONObject())
  }
}
