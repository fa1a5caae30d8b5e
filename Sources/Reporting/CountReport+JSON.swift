internal import Accounting
package import StrictJSON
internal import Tensors
internal import UnitModel

extension CountReport {
  /// The report in the form of `schemas/count.schema.json`.
  package var json: JSONValue {
    var members: [JSONMember] = [
      .init(key: "format", value: "tessera.count/1"), .init(key: "file", value: .string(file)),
      .init(key: "kind", value: .string(kind)),
    ]
    if let unitCount { members.append(.init(key: "units", value: JSONValue(unitCount))) }
    members.append(.init(key: "left_out", value: .array(leftOut.json())))
    members.append(.init(key: "policies", value: .array(policies.map(\.json))))
    if !packed.isEmpty {
      let list = packed.map { object([("name", .string($0.name.text)), ("reason", .string($0.reason))]) }
      members.append(.init(key: "packed", value: .array(list)))
    }
    if let expertsPerToken {
      members.append(.init(key: "experts_per_token", value: JSONValue(expertsPerToken)))
    }
    if let claims = claimsJSON { members.append(.init(key: "claims", value: claims)) }
    if let tensors {
      let list = tensors.map { tensor -> JSONValue in
        object([
          ("name", .string(tensor.name.text)), ("role", .string(tensor.role.role.rawValue)),
          ("part", .string(tensor.role.part.rawValue)),
          ("reason", .string(tensor.role.reason)),
        ])
      }
      members.append(.init(key: "tensors", value: .array(list)))
    }
    if let budget { members.append(.init(key: "budget", value: budget.json)) }
    if let work { members.append(.init(key: "work", value: work.json)) }
    if let layers { members.append(.init(key: "layers", value: layers.json)) }
    return .object(JSONObject(members) ?? JSONObject())
  }
}

extension CountReport.Table {
  fileprivate var json: JSONValue {
    let all = Double(stored.parameters.value) + Double(stored.excluded.value)
    var members: [(String, JSONValue)] = [
      ("id", .string(policy.id)), ("version", JSONValue(policy.version)),
      ("digest", .string(policy.digest.description)), ("title", .string(policy.title)),
      ("scope", .string(policy.scope.rawValue)), ("ratio", .string(policy.ratio.rawValue)),
      (
        "rows",
        .array(rows.map { row in row.json(density: density(of: row), ratio: counts.ratio(of: row), policy) })
      ),
      (
        "left_out",
        object([
          ("parameters", JSONValue(stored.excluded.value)),
          ("share", all == 0 ? .null : .number(Double(stored.excluded.value) / all)),
          ("tensors", .array(counts.leftOut.map { .string($0.text) })),
        ])
      ),
    ]
    if let union {
      members.append(
        (
          "union",
          object([
            (
              "networks",
              .array(
                union.networks.map {
                  object([("task", .string($0.task.text)), ("level", JSONValue($0.level.value))])
                })
            ), ("parameters", JSONValue(union.together.parameters.value)),
            ("bytes", JSONValue(union.together.bytes.value)),
            ("excluded", JSONValue(union.together.excluded.value)),
            ("separate", JSONValue(union.separate.value)),
            ("separate_bytes", JSONValue(union.separateBytes.value)),
          ])
        ))
    }
    if let source = policy.source { members.append(("source", .string(source))) }
    if let expectation = counts.expectation {
      members.append(
        (
          "expectation",
          object([
            ("sum", JSONValue(expectation.sum)), ("weight", JSONValue(expectation.weight)),
            ("parameters", .number(expectation.value)),
          ])
        ))
    }
    return object(members)
  }
}

extension ParameterRow {
  fileprivate func json(density: Double?, ratio: Double?, _ policy: CountingPolicy) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("task", task.map { .string($0.text) } ?? .null),
      ("level", level.map { JSONValue($0.value) } ?? .null),
    ]
    if let levelName { members.append(("level_name", .string(levelName))) }
    members += [
      ("units", numbers(units)), ("parameters", JSONValue(parameters.value)),
      ("density", density.map { .number($0) } ?? .null),
      ("ratio", ratio.map { .number($0) } ?? .null),
      ("bytes", JSONValue(bytes.value)), ("intra", JSONValue(classes.intra)),
      ("interconnection", JSONValue(classes.interconnection)), ("common", JSONValue(classes.common)),
      ("private", JSONValue(classes.private)), ("excluded", JSONValue(excluded.value)),
      ("excluded_bytes", JSONValue(excludedBytes.value)),
      (
        "roles",
        object(
          roles.map { role in
            (
              role.role.rawValue,
              object([
                ("parameters", JSONValue(role.parameters.value)),
                ("excluded", JSONValue(role.excluded.value)),
              ])
            )
          })
      ),
    ]
    members.append(
      (
        "parts",
        object(
          parts.map { part in
            (
              part.part.rawValue,
              object([
                ("parameters", JSONValue(part.parameters.value)),
                ("excluded", JSONValue(part.excluded.value)),
              ])
            )
          })
      ))
    if policy.sizeUnit != .bytes {
      members.append(
        (
          "size",
          object([
            ("value", .number(Double(bytes.value) / Double(policy.sizeUnit.bytes))),
            ("unit", .string(policy.sizeUnit.rawValue)),
          ])
        ))
    }
    if let unknown = trainabilityUnknown {
      members.append(("trainability_unknown", JSONValue(unknown.value)))
    }
    if !axes.isEmpty {
      // A row gives the task's units on each axis.
      members.append(("axes", object(axes.map { ($0.axis.text, numbers($0.units)) })))
    }
    return object(members)
  }

  private func numbers(_ units: [UnitID]) -> JSONValue { .array(units.map { JSONValue($0.index) }) }
}

/// A JSON object; the keys must be distinct.
func object(_ members: [(String, JSONValue)]) -> JSONValue {
  .object(JSONObject(members.map { JSONMember(key: $0.0, value: $0.1) }) ?? JSONObject())
}
