import StrictJSON
import Testing

@Suite("Parsing JSON")
struct ParsingTests {
  private func parse(_ text: String) throws(JSONError) -> JSONValue {
    try JSONParser().parse(Array(text.utf8))
  }

  @Test("every kind of value is read as it stands")
  func values() throws {
    let cases: [(String, JSONValue)] = [
      ("null", .null), ("true", true), (" false\n", false), ("0", 0), ("-7", -7),
      ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
      ("-0", .number(-0.0)), ("1.5", .number(1.5)), ("1.0", .number(1)), ("1e2", .number(100)),
      ("2E-1", .number(0.2)), ("\"\"", ""), ("\"a\\u00e9\\n\\/\"", "aé\n/"), ("\"\\ud83d\\ude00\"", "😀"),
      ("\"é\\t\\u0000z\"", "é\t\0z"), ("[]", []), ("[1,[2] , \"x\"]", [1, [2], "x"]),
      ("{}", .object(JSONObject())),
    ]
    for (text, expected) in cases { #expect(try parse(text) == expected, "\(text)") }
    #expect(cases.count == 19)
  }

  @Test("members keep their order, and keys that only look alike are two")
  func members() throws {
    let text = #"{"b": 1, "a": [true], "e\#u{301}": 2, "é": 3}"#
    guard case .object(let object) = try parse(text) else {
      Issue.record("no object")
      return
    }
    #expect(object.members.map { Array($0.key.utf8).count } == [1, 1, 3, 2])
    #expect(object["é"] == 3)
    #expect(object["e\u{301}"] == 2)
    #expect(object["c"] == nil)
  }

  @Test("a text that is not JSON is refused with place, expected and found")
  func refusals() {
    let cases: [(String, String)] = [
      ("", "line 1, column 1 (byte 0): expected a value, found an empty file"),
      ("[1,\n 2,]", "line 2, column 4 (byte 7): expected a value, found ']'"),
      ("{\"a\":1,}", "line 1, column 8 (byte 7): expected a key in quotes, found '}'"),
      ("{\"a\" 1}", "line 1, column 6 (byte 5): expected ':', found '1'"),
      ("[1 2]", "line 1, column 4 (byte 3): expected ',' or ']', found '2'"),
      ("{\"a\":1 \"b\":2}", "line 1, column 8 (byte 7): expected ',' or '}', found '\"'"),
      ("1 x", "line 1, column 3 (byte 2): expected the end of the text, found 'x'"),
      ("nul", "line 1, column 1 (byte 0): expected a value, found 'n'"),
      ("NaN", "line 1, column 1 (byte 0): expected a value, found 'N'"),
      ("01", "line 1, column 2 (byte 1): expected no digit after a leading 0, found '1'"),
      ("-", "line 1, column 2 (byte 1): expected a digit, found the end of the text"),
      ("1.", "line 1, column 3 (byte 2): expected a digit after the point, found the end of the text"),
      ("1e+", "line 1, column 4 (byte 3): expected a digit of the exponent, found the end of the text"),
      ("+1", "line 1, column 1 (byte 0): expected a value, found '+'"),
      ("\"a", "line 1, column 3 (byte 2): expected '\"', found the end of the text"),
      ("\"a\nb\"", "line 1, column 3 (byte 2): expected no control character in a string, found byte 0x0A"),
      (
        "\"\\x\"",
        "line 1, column 3 (byte 2): expected one of \" \\ / b f n r t u after a backslash, found 'x'"
      ),
      ("\"\\u12g4\"", "line 1, column 6 (byte 5): expected four hexadecimal digits, found 'g'"),
      ("[é]", "line 1, column 2 (byte 1): expected a value, found 'é'"),
      (
        "\"\\ud800x\"",
        "line 1, column 2 (byte 1): expected both halves of a surrogate pair, found \\uD800 alone"
      ),
      (
        "\"\\udc00\"",
        "line 1, column 2 (byte 1): expected both halves of a surrogate pair, found \\uDC00 alone"
      ),
      (
        "\"\\ud800\\u0041\"",
        "line 1, column 2 (byte 1): expected both halves of a surrogate pair, found \\uD800 alone"
      ),
      (
        "{\"a\":1,\n\"\\u0061\":2}",
        "line 2, column 1 (byte 8): expected each key once in an object, found 'a' again"
      ),
      (
        "9223372036854775808",
        "line 1, column 1 (byte 0): expected a 64-bit integer or a finite number, found 9223372036854775808"
      ),
      ("1e999", "line 1, column 1 (byte 0): expected a 64-bit integer or a finite number, found 1e999"),
      (
        "\u{FEFF}1",
        "line 1, column 1 (byte 0): expected UTF-8 without a byte order mark, found a byte order mark"
      ),
    ]
    for (text, sentence) in cases {
      let error = #expect(throws: JSONError.self) { try parse(text) }
      #expect(error?.description == sentence)
    }
    #expect(cases.count == 26)
  }

  @Test("bytes that are not UTF-8 are refused at the byte that is wrong")
  func encodings() {
    let cases: [([UInt8], Int)] = [
      ([0x22, 0x61, 0xFF, 0x22], 2), ([0x22, 0xC3, 0xA9, 0xC0, 0x80, 0x22], 3),
      ([0x22, 0xED, 0xA0, 0x80, 0x22], 1),
      ([0x22, 0x5C, 0x6E, 0xF5, 0x22], 3), ([0x80], 0), ([0x22, 0xE2, 0x82, 0x22], 1),
    ]
    for (bytes, offset) in cases {
      let error = #expect(throws: JSONError.self) { try JSONParser().parse(bytes) }
      guard case .encoding(let place, _) = error else {
        Issue.record("\(bytes): \(String(describing: error))")
        continue
      }
      #expect(place.offset == offset)
    }
  }

  @Test("nesting and size are capped")
  func limits() throws {
    let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    _ = try parse(deep)
    let error = #expect(throws: JSONError.self) { try parse("[" + deep + "]") }
    #expect(error == .tooDeep(JSONPlace(offset: 64, line: 1, column: 65), limit: 64))
    #expect(throws: JSONError.tooLarge(bytes: 5, limit: 4)) {
      try JSONParser(sizeLimit: 4).parse(Array("[1,2]".utf8))
    }
    #expect(throws: JSONError.self) { try parse(String(repeating: "[{\"a\":", count: 100_000)) }
  }

  @Test("the number of values is capped")
  func valueLimit() throws {
    for (text, count) in [("[0,[0,\"a\"],{\"k\":null}]", 7), ("0", 1), ("{}", 1)] {
      _ = try JSONParser(valueLimit: count).parse(Array(text.utf8))
      let error = #expect(throws: JSONError.self) {
        try JSONParser(valueLimit: count - 1).parse(Array(text.utf8))
      }
      guard case .tooMany(_, count - 1)? = error else {
        Issue.record("\(text): \(String(describing: error))")
        continue
      }
    }
  }

  @Test("a repeated key is found among many")
  func manyKeys() {
    let members = (0..<2000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    #expect(throws: Never.self) { try parse("{\(members)}") }
    let error = #expect(throws: JSONError.self) { try parse("{\(members),\"k77\":0}") }
    guard case .duplicateKey(_, "k77") = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
