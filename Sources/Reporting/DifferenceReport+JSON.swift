internal import Comparison
package import StrictJSON
internal import Tensors

extension DifferenceReport {
  /// The report in the form of `schemas/diff.schema.json`.
  package var json: JSONValue {
    var members: [JSONMember] = [
      .init(key: "format", value: "tessera.diff/1"), .init(key: "a", value: .string(a)),
      .init(key: "b", value: .string(b)),
      .init(key: "missing", value: .array(difference.missing.map { .string($0.name.text) })),
      .init(key: "extra", value: .array(difference.extra.map { .string($0.name.text) })),
      .init(key: "changed", value: .array(difference.changed.map(json(of:)))),
      .init(key: "left_out", value: .array(leftOut.a.json(side: "a") + leftOut.b.json(side: "b"))),
      .init(key: "equal", value: .bool(isEqual)),
      .init(key: "equal_tensors", value: JSONValue(difference.equalCount)),
    ]
    if let json = tolerance.json {
      members.append(.init(key: "tolerance", value: json))
      members.append(.init(key: "within", value: .array(difference.within.map(json(of:)))))
    }
    if renamed > 0 { members.append(.init(key: "renamed", value: JSONValue(renamed))) }
    if let notCompared {
      func names(_ list: [TensorName]) -> JSONValue { .array(list.map { .string($0.text) }) }
      members.append(
        .init(key: "not_compared", value: object([("a", names(notCompared.a)), ("b", names(notCompared.b))])))
    }
    return .object(JSONObject(members) ?? JSONObject())
  }

  private func json(of change: TensorChange) -> JSONValue {
    func numbers(_ values: [Int]) -> JSONValue { .array(values.map { JSONValue($0) }) }
    var members: [JSONMember] = [.init(key: "name", value: .string(change.a.name.text))]
    switch change.what {
    case .dtype:
      members += [
        .init(key: "what", value: "dtype"), .init(key: "max_abs", value: nil),
        .init(key: "max_ulp", value: nil),
        .init(key: "a", value: .string(change.a.dtype.rawValue)),
        .init(key: "b", value: .string(change.b.dtype.rawValue)),
      ]
    case .shape:
      members += [
        .init(key: "what", value: "shape"), .init(key: "max_abs", value: nil),
        .init(key: "max_ulp", value: nil),
        .init(key: "a", value: numbers(change.a.shape)), .init(key: "b", value: numbers(change.b.shape)),
      ]
    case .values(let values):
      members += [
        .init(key: "what", value: "values"),
        .init(
          key: "max_abs", value: Self.word(values.maxAbs).map(JSONValue.string) ?? .number(values.maxAbs)),
        .init(key: "max_ulp", value: JSONValue(Int(clamping: values.maxULP))),
        .init(key: "elements", value: JSONValue(values.count)),
        .init(key: "first", value: numbers(change.firstIndex ?? [])),
      ]
      if tolerance != .none { members.append(.init(key: "beyond", value: JSONValue(values.beyond))) }
    }
    return .object(JSONObject(members) ?? JSONObject())
  }
}

extension Tolerance {
  /// The tolerance as text.
  var words: String {
    switch self {
    case .none: "no tolerance"
    case .distance(let absolute, 0): "|a-b| <= \(DifferenceReport.short(absolute))"
    case .distance(let absolute, let relative):
      "|a-b| <= \(DifferenceReport.short(absolute)) + \(DifferenceReport.short(relative)) |b|"
    case .steps(let limit): "\(limit) ulp"
    }
  }

  /// The tolerance as JSON; nil if only identical bits are equal.
  fileprivate var json: JSONValue? {
    switch self {
    case .none: nil
    case .distance(let absolute, let relative):
      object([("absolute", .number(absolute)), ("relative", .number(relative))])
    case .steps(let limit): object([("ulp", JSONValue(Int(clamping: limit)))])
    }
  }
}
