internal import StrictJSON
internal import Tensors
internal import UnitModel

extension CountingPolicy {
  /// The most bytes a policy may have.
  package static let sizeLimit = 1 << 20

  /// The policy that a document spells.
  ///
  /// Strict: a key that a policy does not have, or a value it cannot have, is refused with its place. Throws the cases
  /// of `AccountingError` other than `.tooMany` and `.unknownPreset`.
  public init(parsing bytes: [UInt8]) throws(AccountingError) {
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONParser(sizeLimit: CountingPolicy.sizeLimit).parse(bytes)
    } catch { throw .json(error) }
    guard case .object(var object) = document else {
      throw .wrongType(place: "policy", expected: "an object", found: document.kindName)
    }
    guard object["format"] == .string(CountingPolicy.format) else {
      if case .string(let found)? = object["format"] { throw .wrongFormat(found: TensorName(found).quoted) }
      throw .wrongFormat(found: object["format"]?.kindName ?? "no \"format\"")
    }
    let reader = PolicyReader(object)
    try reader.allow([
      "format", "$schema", "id", "version", "title", "description", "roles", "names", "ties", "elements",
    ])
    _ = try reader.optionalString("$schema")
    id = try reader.identifier()
    version = try reader.version()
    title = try reader.string("title")
    summary = try reader.optionalString("description")
    roles = try reader.roles()
    names = try reader.names()
    ties = try reader.word("ties", Ties.self) ?? .once
    elements = try reader.word("elements", Elements.self) ?? .logical
    // Where an editor finds the schema is no part of the rule.
    object["$schema"] = nil
    do throws(JSONError) {
      let hasher = SHA256Hasher()
      hasher.update(try JSONWriter.bytes(JSONValue.object(object).sorted, layout: .compact))
      digest = hasher.finish()
    } catch { throw .json(error) }
  }
}

extension JSONValue {
  /// The value with the members of every object in the byte order of their keys.
  fileprivate var sorted: JSONValue {
    switch self {
    case .array(let values): return .array(values.map(\.sorted))
    case .object(let object):
      let members = object.members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      // The keys were distinct before.
      return .object(JSONObject(members.map { JSONMember(key: $0.key, value: $0.value.sorted) }) ?? object)
    default: return self
    }
  }
}

/// The members of a policy, with the checks that each needs.
private struct PolicyReader {
  private let object: JSONObject

  init(_ object: JSONObject) { self.object = object }

  func allow(_ keys: [String], in inner: JSONObject? = nil, place: String = "policy") throws(AccountingError)
  {
    for member in (inner ?? object).members where !keys.contains(member.key) {
      throw .unknownKey(place: place, key: member.key, nearest: nearestName(to: member.key, among: keys))
    }
  }

  func string(_ key: String) throws(AccountingError) -> String {
    guard let text = try optionalString(key) else { throw .missingKey(key: key) }
    return text
  }

  func optionalString(_ key: String) throws(AccountingError) -> String? {
    guard let value = object[key] else { return nil }
    guard case .string(let text) = value else {
      throw .wrongType(place: key, expected: "a string", found: value.kindName)
    }
    return text
  }

  func identifier() throws(AccountingError) -> String {
    let id = try string("id")
    let isPlain = id.utf8.allSatisfy {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        || $0 == UInt8(ascii: "-")
    }
    guard isPlain, (1...64).contains(id.utf8.count) else {
      throw .outOfRange(
        place: "id", expected: "1 to 64 lower-case letters, digits and hyphens", found: TensorName(id).quoted)
    }
    return id
  }

  func version() throws(AccountingError) -> Int {
    guard let value = object["version"] else { throw .missingKey(key: "version") }
    guard case .integer(let number) = value else {
      throw .wrongType(place: "version", expected: "an integer", found: value.kindName)
    }
    guard let version = Int(exactly: number), version >= 1 else {
      throw .outOfRange(place: "version", expected: "an integer from 1", found: "\(number)")
    }
    return version
  }

  func word<Value: RawRepresentable<String> & CaseIterable>(
    _ key: String, _ type: Value.Type
  ) throws(AccountingError) -> Value? {
    guard let text = try optionalString(key) else { return nil }
    guard let value = Value(rawValue: text) else {
      let known = Value.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or ")
      throw .outOfRange(place: key, expected: known, found: TensorName(text).quoted)
    }
    return value
  }

  func roles() throws(AccountingError) -> CountingPolicy.Choice<ParameterRole> {
    try choice("roles") { (texts, place) throws(AccountingError) in
      var roles: [ParameterRole] = []
      for (index, text) in texts.enumerated() {
        guard let role = ParameterRole(rawValue: text) else {
          throw .unknownRole(
            place: "\(place)[\(index)]", found: text,
            nearest: nearestName(to: text, among: ParameterRole.allCases.map(\.rawValue)))
        }
        if roles.contains(role) { throw .roleTwice(place: "\(place)[\(index)]", role: role) }
        roles.append(role)
      }
      return roles
    }
  }

  func names() throws(AccountingError) -> CountingPolicy.Choice<NamePattern> {
    try choice("names") { (texts, place) throws(AccountingError) in
      var patterns: [NamePattern] = []
      for (index, text) in texts.enumerated() {
        guard let pattern = NamePattern(text) else {
          throw .badPattern(place: "\(place)[\(index)]", pattern: text)
        }
        patterns.append(pattern)
      }
      return patterns
    }
  }

  private func choice<Value>(
    _ key: String, _ read: ([String], String) throws(AccountingError) -> [Value]
  ) throws(AccountingError) -> CountingPolicy.Choice<Value> {
    guard let value = object[key] else { return .all }
    guard case .object(let inner) = value else {
      throw .wrongType(place: key, expected: "an object", found: value.kindName)
    }
    try allow(["only", "leave_out"], in: inner, place: key)
    switch (inner["only"], inner["leave_out"]) {
    case (.some, .some): throw .keysExclude(place: key, first: "only", second: "leave_out")
    case (nil, nil): throw .keysMissing(place: key, first: "only", second: "leave_out")
    case (let only?, nil): return .only(try read(strings(only, "\(key).only"), "\(key).only"))
    case (nil, let left?): return .leaveOut(try read(strings(left, "\(key).leave_out"), "\(key).leave_out"))
    }
  }

  private func strings(_ value: JSONValue, _ place: String) throws(AccountingError) -> [String] {
    guard case .array(let values) = value else {
      throw .wrongType(place: place, expected: "an array", found: value.kindName)
    }
    var texts: [String] = []
    for (index, value) in values.enumerated() {
      guard case .string(let text) = value else {
        throw .wrongType(place: "\(place)[\(index)]", expected: "a string", found: value.kindName)
      }
      texts.append(text)
    }
    return texts
  }
}
