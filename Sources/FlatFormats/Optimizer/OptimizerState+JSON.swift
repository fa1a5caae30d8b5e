internal import StrictJSON
internal import Tensors

extension OptimizerState {
  /// The text that `format` has in a stored state.
  package static let format = "tessera.optimizer/1"

  /// Why bytes are no stored state.
  package struct Unreadable: Error {
    package let expected: String
    package let found: String
  }

  /// The state as JSON (schemas/checkpoint-layout-v2.md).
  package var bytes: [UInt8] {
    let document = Self.object([
      ("format", .string(Self.format)), ("place", .array(place.map(\.json))),
      ("model", .array(modelPlace.map { .string($0) })),
      ("parameters", .array(parameters.map(\.json))), ("param_groups", .array(groups.map(\.json))),
      ("other", .array(others.map(\.json))),
    ])
    // Only a number that is not finite cannot be written; floats are texts here.
    return (try? JSONWriter.bytes(document, layout: .compact)) ?? []
  }

  fileprivate static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(JSONObject(members.map { JSONMember(key: $0, value: $1) }) ?? JSONObject())
  }

  /// Reads a stored state. Its names are not compared with any tensors.
  package init(parsing bytes: [UInt8]) throws(Unreadable) {
    let document: JSONValue
    do throws(JSONError) { document = try JSONParser().parse(bytes) } catch {
      throw Unreadable(expected: "JSON", found: "\(error)")
    }
    guard case .object(let object) = document, case .string(Self.format)? = object["format"],
      case .array(let place)? = object["place"], case .array(let model)? = object["model"],
      case .array(let parameters)? = object["parameters"], case .array(let groups)? = object["param_groups"],
      case .array(let others)? = object["other"]
    else {
      throw Unreadable(
        expected: "a \(Self.format) document", found: "one without format, parameters or groups")
    }
    self.init(
      place: try place.map { (key) throws(Unreadable) in try Key(key) },
      modelPlace: try model.map { (key) throws(Unreadable) in
        guard case .string(let text) = key else {
          throw Unreadable(expected: "the model's keys as texts", found: key.kindName)
        }
        return text
      },
      parameters: try parameters.map { (item) throws(Unreadable) in try Parameter(item) },
      groups: try groups.map { (item) throws(Unreadable) in try Group(item, of: parameters.count) },
      others: try others.map { (item) throws(Unreadable) in try Entry(item) })
    let grouped = self.groups.flatMap(\.parameters)
    guard grouped == Array(self.parameters.indices) else {
      throw Unreadable(
        expected: "groups that have each of \(self.parameters.count) parameters once, in order",
        found: "\(grouped.count) in another order")
    }
  }
}

extension OptimizerState.Key {
  fileprivate var json: JSONValue {
    switch self {
    case .number(let number): JSONValue(number)
    case .text(let text): .string(text)
    }
  }

  fileprivate init(_ value: JSONValue) throws(OptimizerState.Unreadable) {
    switch value {
    case .integer(let number): self = .number(Int(truncatingIfNeeded: number))
    case .string(let text): self = .text(text)
    default: throw OptimizerState.Unreadable(expected: "a key as a number or a text", found: value.kindName)
    }
  }
}

extension OptimizerState.Value {
  fileprivate var json: JSONValue {
    switch self {
    case .none: .null
    case .boolean(let value): .bool(value)
    case .integer(let value): JSONValue(value)
    case .real(let bits):
      OptimizerState.object([("float64", .string(Self.text(bits)))])
    case .text(let text): .string(text)
    case .list(let values): .array(values.map(\.json))
    case .tuple(let values): OptimizerState.object([("tuple", .array(values.map(\.json)))])
    case .dictionary(let entries): OptimizerState.object([("dictionary", .array(entries.map(\.json)))])
    case .tensor(let name): OptimizerState.object([("tensor", .string(name.text))])
    }
  }

  /// Sixteen hexadecimal digits, the highest first.
  private static func text(_ bits: UInt64) -> String {
    let digits = String(bits, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The parser limits the depth of values.
  fileprivate init(_ value: JSONValue) throws(OptimizerState.Unreadable) {
    switch value {
    case .null: self = .none
    case .bool(let value): self = .boolean(value)
    case .integer(let number): self = .integer(Int(truncatingIfNeeded: number))
    case .string(let text): self = .text(text)
    case .array(let values): self = .list(try Self.values(values))
    case .object(let object) where object.members.count == 1:
      self = try Self.tagged(object.members[0].key, object.members[0].value)
    case .object, .number:
      throw OptimizerState.Unreadable(
        expected: "null, true, false, an integer, a text, an array, or an object with one member",
        found: value.kindName)
    }
  }

  private static func values(_ values: [JSONValue]) throws(OptimizerState.Unreadable) -> [Self] {
    try values.map { (value) throws(OptimizerState.Unreadable) in try Self(value) }
  }

  private static func tagged(_ key: String, _ value: JSONValue) throws(OptimizerState.Unreadable) -> Self {
    switch (key, value) {
    case ("float64", .string(let text)):
      guard text.utf8.count == 16, let bits = UInt64(text, radix: 16) else { break }
      return .real(bits)
    case ("tuple", .array(let items)): return .tuple(try values(items))
    case ("dictionary", .array(let items)):
      return .dictionary(
        try items.map { (item) throws(OptimizerState.Unreadable) in try OptimizerState.Entry(item) })
    case ("tensor", .string(let name)): return .tensor(TensorName(name))
    default: break
    }
    throw OptimizerState.Unreadable(
      expected: "float64 with 16 digits, tuple, dictionary or tensor", found: TensorName(key).quoted)
  }
}

extension OptimizerState.Entry {
  fileprivate var json: JSONValue { .array([key.json, value.json]) }

  fileprivate init(_ item: JSONValue) throws(OptimizerState.Unreadable) {
    guard case .array(let pair) = item, pair.count == 2 else {
      throw OptimizerState.Unreadable(expected: "an entry as its key and value", found: item.kindName)
    }
    self.init(try OptimizerState.Key(pair[0]), try OptimizerState.Value(pair[1]))
  }
}

extension OptimizerState.Parameter {
  fileprivate var json: JSONValue {
    var members: [(String, JSONValue)] = [("id", id.json), ("name", .string(name?.text ?? ""))]
    if let state { members.append(("state", .array(state.map(\.json)))) }
    return OptimizerState.object(members)
  }

  fileprivate init(_ item: JSONValue) throws(OptimizerState.Unreadable) {
    guard case .object(let object) = item, let id = object["id"], case .string(let name)? = object["name"]
    else { throw OptimizerState.Unreadable(expected: "a parameter with id and name", found: item.kindName) }
    var state: [OptimizerState.Entry]?
    if let stored = object["state"] {
      guard case .array(let entries) = stored else {
        throw OptimizerState.Unreadable(expected: "a parameter's state as an array", found: stored.kindName)
      }
      state = try entries.map { (item) throws(OptimizerState.Unreadable) in try OptimizerState.Entry(item) }
    }
    self.init(id: try OptimizerState.Key(id), name: TensorName(name), state: state)
  }
}

extension OptimizerState.Group {
  fileprivate var json: JSONValue {
    OptimizerState.object([
      ("parameters", .array(parameters.map { JSONValue($0) })), ("named", .bool(hasNames)),
      ("values", .array(values.map(\.json))),
    ])
  }

  fileprivate init(_ item: JSONValue, of count: Int) throws(OptimizerState.Unreadable) {
    guard case .object(let object) = item, case .array(let numbers)? = object["parameters"],
      case .bool(let hasNames)? = object["named"], case .array(let entries)? = object["values"]
    else {
      throw OptimizerState.Unreadable(
        expected: "a group with parameters, named and values", found: item.kindName)
    }
    self.init(
      parameters: try numbers.map { (number) throws(OptimizerState.Unreadable) in
        guard case .integer(let place) = number, let place = Int(exactly: place), (0..<count).contains(place)
        else {
          throw OptimizerState.Unreadable(expected: "numbers of \(count) parameters", found: "another value")
        }
        return place
      }, hasNames: hasNames,
      values: try entries.map { (item) throws(OptimizerState.Unreadable) in try OptimizerState.Entry(item) })
  }
}
