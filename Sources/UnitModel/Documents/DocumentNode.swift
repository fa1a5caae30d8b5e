package import StrictJSON

/// The errors of a JSON document that people write. Each kind of document has its own error type.
package protocol DocumentFailure: Error {
  /// The name of the whole document in messages.
  static var documentName: String { get }
  static func wrongType(place: String, expected: String, found: String) -> Self
  static func outOfRange(place: String, expected: String, found: String) -> Self
  static func missing(_ key: String, at place: String) -> Self
  static func unknown(_ key: String, at place: String, among keys: [String]) -> Self
}

/// A value in a JSON document, with its path and the checks that parsers need.
package struct DocumentNode<Failure: DocumentFailure> {
  package let value: JSONValue
  package let place: String

  package init(value: JSONValue, place: String) {
    self.value = value
    self.place = place
  }

  /// The path as messages print it.
  package var shown: String { place.isEmpty ? Failure.documentName : place }

  package func wrongType(_ expected: String) -> Failure {
    .wrongType(place: shown, expected: expected, found: value.kindName)
  }

  /// The members of an object; throws `unknown` for the first key that is not in `keys`.
  package func object(allowing keys: [String]) throws(Failure) -> DocumentObject<Failure> {
    let object = try members()
    for member in object.members where !keys.contains(where: { $0.utf8.elementsEqual(member.key.utf8) }) {
      throw .unknown(member.key, at: place, among: keys)
    }
    return DocumentObject(object: object, place: place)
  }

  /// The members of an object with any keys.
  package func members() throws(Failure) -> JSONObject {
    guard case .object(let object) = value else { throw wrongType("an object") }
    return object
  }

  /// A member whose key can be any name; its path is `axes.ffn{}` or `axes["stage1.inner"]`.
  package func named(_ key: String, _ value: JSONValue) -> Self {
    let isPlain =
      !key.isEmpty && key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !".[]\"\\".utf8.contains($0) }
    let plain = place.isEmpty ? key : "\(place).\(key)"
    return Self(value: value, place: isPlain ? plain : "\(place)[\"\(JSONWriter.escaped(key))\"]")
  }

  package func array() throws(Failure) -> [Self] {
    guard case .array(let values) = value else { throw wrongType("an array") }
    return values.enumerated().map { Self(value: $0.element, place: "\(place)[\($0.offset)]") }
  }

  package func string() throws(Failure) -> String {
    guard case .string(let text) = value else { throw wrongType("a string") }
    return text
  }

  package func bool() throws(Failure) -> Bool {
    guard case .bool(let flag) = value else { throw wrongType("true or false") }
    return flag
  }

  /// An integer within limits; messages describe it by `what`.
  package func integer(in bounds: ClosedRange<Int>, _ what: String) throws(Failure) -> Int {
    guard case .integer(let number) = value else { throw wrongType(what) }
    guard let number = Int(exactly: number), bounds.contains(number) else {
      throw .outOfRange(place: shown, expected: what, found: "\(number)")
    }
    return number
  }

  package func integer(in bounds: ClosedRange<Int>) throws(Failure) -> Int {
    try integer(in: bounds, "an integer from \(bounds.lowerBound) to \(bounds.upperBound)")
  }

  /// A finite number within limits.
  package func number(in range: ClosedRange<Double>) throws(Failure) -> Double {
    let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
    let number: Double
    switch value {
    case .integer(let whole): number = Double(whole)
    case .number(let found): number = found
    default: throw wrongType(expected)
    }
    guard range.contains(number) else {
      throw .outOfRange(place: shown, expected: expected, found: "\(number)")
    }
    return number
  }

  /// A string that is a raw value of `type`.
  package func word<Word: RawRepresentable<String> & CaseIterable>(_ type: Word.Type) throws(Failure) -> Word
  {
    let text = try string()
    guard let word = Word(rawValue: text) else {
      throw .outOfRange(
        place: shown, expected: Word.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or "),
        found: "'\(JSONWriter.escaped(text))'")
    }
    return word
  }
}

/// An object whose keys are all known to the reader.
package struct DocumentObject<Failure: DocumentFailure> {
  package let object: JSONObject
  package let place: String

  package func optional(_ key: String) -> DocumentNode<Failure>? {
    object[key].map { DocumentNode(value: $0, place: place.isEmpty ? key : "\(place).\(key)") }
  }

  package func required(_ key: String) throws(Failure) -> DocumentNode<Failure> {
    guard let node = optional(key) else { throw .missing(key, at: place) }
    return node
  }
}
