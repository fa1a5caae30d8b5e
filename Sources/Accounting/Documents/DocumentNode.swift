package import StrictJSON
internal import UnitModel

/// A value of a document that people write, and the path to it, with the checks that its readers need.
package struct DocumentNode {
  package let value: JSONValue
  package let place: String

  package init(value: JSONValue, place: String) {
    self.value = value
    self.place = place
  }

  /// The document in some bytes, which names its format.
  package init(parsing bytes: [UInt8], format: String, sizeLimit: Int) throws(AccountingError) {
    do throws(JSONError) {
      value = try JSONParser(sizeLimit: sizeLimit).parse(bytes)
    } catch { throw .json(error) }
    place = ""
    guard case .object(let object) = value else { throw wrongType("an object") }
    guard let found = object["format"] else { throw .notOfFormat(expected: format, found: "no \"format\"") }
    guard found == .string(format) else {
      if case .string(let text) = found { throw .notOfFormat(expected: format, found: "'\(text)'") }
      throw .notOfFormat(expected: format, found: found.kindName)
    }
  }

  /// The members of an object; a key that is not allowed is refused with the nearest that is.
  package func object(allowing keys: [String]) throws(AccountingError) -> DocumentObject {
    guard case .object(let object) = value else { throw wrongType("an object") }
    for member in object.members where !keys.contains(where: { $0.utf8.elementsEqual(member.key.utf8) }) {
      throw .unknownMember(
        place: shown, key: member.key, nearest: nearestName(to: member.key, among: keys), keys: keys)
    }
    return DocumentObject(object: object, place: place)
  }

  package func array() throws(AccountingError) -> [DocumentNode] {
    guard case .array(let values) = value else { throw wrongType("an array") }
    return values.enumerated().map { DocumentNode(value: $0.element, place: "\(place)[\($0.offset)]") }
  }

  package func string() throws(AccountingError) -> String {
    guard case .string(let text) = value else { throw wrongType("a string") }
    return text
  }

  package func bool() throws(AccountingError) -> Bool {
    guard case .bool(let flag) = value else { throw wrongType("true or false") }
    return flag
  }

  package func integer(in range: ClosedRange<Int>) throws(AccountingError) -> Int {
    let expected = "an integer from \(range.lowerBound) to \(range.upperBound)"
    guard case .integer(let number) = value else { throw wrongType(expected) }
    guard let number = Int(exactly: number), range.contains(number) else {
      throw .outOfRange(place: shown, expected: expected, found: "\(number)")
    }
    return number
  }

  /// A finite number within bounds.
  package func number(in range: ClosedRange<Double>) throws(AccountingError) -> Double {
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

  /// One of the words that an enumeration spells.
  package func word<Word: RawRepresentable<String> & CaseIterable>(_ type: Word.Type) throws(AccountingError)
    -> Word
  {
    let text = try string()
    guard let word = Word(rawValue: text) else {
      throw .outOfRange(
        place: shown, expected: Word.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or "),
        found: "'\(JSONWriter.escaped(text))'")
    }
    return word
  }

  package func wrongType(_ expected: String) -> AccountingError {
    .wrongType(place: shown, expected: expected, found: value.kindName)
  }

  /// The place as an error names it.
  package var shown: String { place.isEmpty ? "document" : place }
}

/// An object whose keys are all known.
package struct DocumentObject {
  package let object: JSONObject
  package let place: String

  package func optional(_ key: String) -> DocumentNode? {
    object[key].map { DocumentNode(value: $0, place: place.isEmpty ? key : "\(place).\(key)") }
  }

  package func required(_ key: String) throws(AccountingError) -> DocumentNode {
    guard let node = optional(key) else {
      throw .missingMember(place: place.isEmpty ? "document" : place, key: key)
    }
    return node
  }
}
