internal import StrictJSON
internal import Tensors
internal import UnitModel

/// Reads the members of a policy and checks their values.
struct PolicyReader {
  let object: JSONObject

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

  func choice<Value>(
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

  func strings(_ value: JSONValue, _ place: String) throws(AccountingError) -> [String] {
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
