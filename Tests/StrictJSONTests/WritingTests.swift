import StrictJSON
import TestSupport
import Testing

@Suite("Writing JSON")
struct WritingTests {
  @Test("pretty text keeps short lists of scalars on one line and fills long ones")
  func pretty() throws {
    let object = try #require(
      JSONObject([
        JSONMember(key: "a", value: [1, 2, nil]), JSONMember(key: "b", value: [[true], []]),
        JSONMember(key: "long", value: .array((0..<40).map { JSONValue($0) })),
        JSONMember(key: "e", value: .object(JSONObject())),
      ]))
    let expected = """
      {
        "a": [1, 2, null],
        "b": [
          [true],
          []
        ],
        "long": [
          0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
          26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39
        ],
        "e": {}
      }

      """
    #expect(try JSONWriter.text(.object(object), layout: .pretty) == expected)
  }

  @Test("compact text has no byte that is not needed")
  func compact() throws {
    let object = try #require(
      JSONObject([JSONMember(key: "q\"\n\u{1}", value: [1, .number(0.5), .number(-0.0), "é/"])]))
    #expect(try JSONWriter.text(.object(object), layout: .compact) == #"{"q\"\n\u0001":[1,0.5,-0.0,"é/"]}"#)
  }

  @Test("numbers that JSON cannot spell are refused with their path")
  func nonFinite() throws {
    let object = try #require(JSONObject([JSONMember(key: "x", value: [1, .number(.nan)])]))
    #expect(throws: JSONError.notFinite(path: "x[1]", found: "nan")) { try JSONWriter.text(.object(object)) }
    #expect(throws: JSONError.notFinite(path: "value", found: "-inf")) {
      try JSONWriter.text(.number(-.infinity))
    }
  }

  @Test("what is written reads back as the same value", arguments: 0..<200)
  func roundTrip(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let value = randomValue(depth: 0, &generator)
    for layout in [JSONWriter.Layout.compact, .pretty] {
      let bytes = try JSONWriter.bytes(value, layout: layout)
      #expect(try JSONParser().parse(bytes) == value)
      #expect(try JSONWriter.bytes(JSONParser().parse(bytes), layout: layout) == bytes)
    }
  }

  private func randomValue(depth: Int, _ generator: inout SeededGenerator) -> JSONValue {
    switch Int.random(in: 0..<(depth < 4 ? 8 : 6), using: &generator) {
    case 0: return .null
    case 1: return .bool(.random(using: &generator))
    case 2: return .integer(Int64(bitPattern: generator.next()))
    case 3: return .number(Double.random(in: -1e6...1e6, using: &generator))
    case 4: return .number(Double(sign: .minus, exponent: -1000, significand: 1.5))
    case 5: return .string(randomText(&generator))
    case 6:
      let count = Int.random(in: 0..<6, using: &generator)
      return .array((0..<count).map { _ in randomValue(depth: depth + 1, &generator) })
    default:
      var object = JSONObject()
      for _ in 0..<Int.random(in: 0..<12, using: &generator) {
        object[randomText(&generator)] = randomValue(depth: depth + 1, &generator)
      }
      return .object(object)
    }
  }

  private func randomText(_ generator: inout SeededGenerator) -> String {
    let scalars: [Unicode.Scalar] = [
      "a", "\"", "\\", "\n", "\0", "\u{7F}", "é", "\u{301}", "😀", "/", "\u{2028}",
    ]
    var text = ""
    for _ in 0..<Int.random(in: 0..<8, using: &generator) {
      text.unicodeScalars.append(scalars.randomElement(using: &generator) ?? "x")
    }
    return text
  }
}
