import StrictJSON

/// Reads a TOML document, looks for the place of each of its values, and writes it as JSON.
enum TOMLExercise {
  static func run(_ bytes: [UInt8]) {
    do {
      let document = try TOMLParser().parse(bytes)
      let text = try JSONWriter.bytes(document.value)
      // A level of a table array is two of JSON's.
      require(try JSONParser(depthLimit: 512).parse(text) == document.value, "values are those of JSON")
      require(places(of: document.value, [], document), "every value has a place")
    } catch { requireSentence(error) }
  }

  private static func places(of value: JSONValue, _ path: [TOMLStep], _ document: TOMLDocument) -> Bool {
    guard path.isEmpty || document.place(of: path) != nil else { return false }
    switch value {
    case .array(let values):
      return values.prefix(3).enumerated().allSatisfy { places(of: $1, path + [.entry($0)], document) }
    case .object(let object):
      return object.members.prefix(3).allSatisfy { places(of: $0.value, path + [.key($0.key)], document) }
    default: return true
    }
  }
}
