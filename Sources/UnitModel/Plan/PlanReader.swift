package import StrictJSON

/// A value of a plan's document and the path to it, with the checks that every reader of one needs.
package struct PlanNode {
  package let value: JSONValue
  package let place: String

  package init(value: JSONValue, place: String) {
    self.value = value
    self.place = place
  }

  /// The members of an object; a key that is not allowed is refused with the nearest that is.
  package func object(allowing keys: [String]) throws(PlanError) -> PlanObject {
    let object = try members()
    for member in object.members where !keys.contains(where: { $0.utf8.elementsEqual(member.key.utf8) }) {
      throw .unknownKey(place: place, key: member.key, nearest: nearestName(to: member.key, among: keys))
    }
    return PlanObject(object: object, place: place)
  }

  /// The members of an object whose keys are names.
  package func members() throws(PlanError) -> JSONObject {
    guard case .object(let object) = value else { throw wrongType("an object") }
    return object
  }

  /// A member whose key is a name that someone chose: `axes.ffn{}`, `axes["stage1.inner"]`.
  package func named(_ key: String, _ value: JSONValue) -> PlanNode {
    let isPlain =
      !key.isEmpty && key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !".[]\"\\".utf8.contains($0) }
    return PlanNode(value: value, place: place + (isPlain ? ".\(key)" : "[\"\(JSONWriter.escaped(key))\"]"))
  }

  package func array() throws(PlanError) -> [PlanNode] {
    guard case .array(let values) = value else { throw wrongType("an array") }
    return values.enumerated().map { PlanNode(value: $0.element, place: "\(place)[\($0.offset)]") }
  }

  package func string() throws(PlanError) -> String {
    guard case .string(let text) = value else { throw wrongType("a string") }
    return text
  }

  package func bool() throws(PlanError) -> Bool {
    guard case .bool(let flag) = value else { throw wrongType("true or false") }
    return flag
  }

  /// A whole number within bounds; `what` says them in words.
  package func integer(in bounds: ClosedRange<Int>, _ what: String) throws(PlanError) -> Int {
    guard case .integer(let number) = value else { throw wrongType(what) }
    guard let number = Int(exactly: number), bounds.contains(number) else {
      throw .outOfRange(place: place, expected: what, found: "\(number)")
    }
    return number
  }

  package func pattern() throws(PlanError) -> NamePattern { try pattern(string()) }

  package func pattern(_ text: String) throws(PlanError) -> NamePattern {
    guard let pattern = NamePattern(text) else {
      throw .badPattern(
        place: place, pattern: String(text.prefix(80)),
        expected: "at most \(NamePattern.wildcardLimit) wildcards and \(NamePattern.lengthLimit) bytes")
    }
    return pattern
  }

  package func wrongType(_ expected: String) -> PlanError {
    .wrongType(place: place.isEmpty ? "plan" : place, expected: expected, found: value.kindName)
  }
}

/// An object of a plan whose keys are all known.
package struct PlanObject {
  package let object: JSONObject
  package let place: String

  package func optional(_ key: String) -> PlanNode? {
    object[key].map { PlanNode(value: $0, place: place.isEmpty ? key : "\(place).\(key)") }
  }

  package func required(_ key: String) throws(PlanError) -> PlanNode {
    guard let node = optional(key) else { throw .missingKey(place: place.isEmpty ? "plan" : place, key: key) }
    return node
  }

  /// One of two keys that exclude each other; the flag says whether it is the first.
  package func either(_ first: String, _ second: String) throws(PlanError) -> (node: PlanNode, isFirst: Bool)
  {
    switch (optional(first), optional(second)) {
    case (.some, .some): throw .keysExclude(place: place, first: first, second: second)
    case (let node?, nil): return (node, true)
    case (nil, let node?): return (node, false)
    case (nil, nil): throw .missingKey(place: place, key: first)
    }
  }
}
