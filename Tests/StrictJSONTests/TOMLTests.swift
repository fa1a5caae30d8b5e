import StrictJSON
import TestSupport
import Testing

@Suite("Parsing TOML")
struct TOMLTests {
  private func parse(_ text: String) throws(TOMLError) -> TOMLDocument {
    try TOMLParser().parse(Array(text.utf8))
  }

  @Test("a document becomes the same values as JSON")
  func values() throws {
    let cases: [(String, String)] = [
      ("", "{}"), ("a = 1\n\"b c\" = 'd'", #"{"a":1,"b c":"d"}"#),
      ("a.b.c = 1\na.d = 2", #"{"a":{"b":{"c":1},"d":2}}"#),
      ("[a]\nx = 1\n[a.b]\ny = [1, 2.5,\n true, # c\n]", #"{"a":{"x":1,"b":{"y":[1,2.5,true]}}}"#),
      (
        "[[f]]\nx = 1\n[[f.g]]\n[[f]]\n[[f.g]]\ny = {z = 2}",
        #"{"f":[{"x":1,"g":[{}]},{"g":[{"y":{"z":2}}]}]}"#
      ),
      ("a = 0xFF\nb = 0o17\nc = 0b101\nd = 1_000\ne = -0", #"{"a":255,"b":15,"c":5,"d":1000,"e":0}"#),
      ("a = \"\"\"\nx\\\n   y\n\"\"\"\nb = '''\n\\n'''", #"{"a":"xy\n","b":"\\n"}"#),
      ("é.\"\" = \"\\u00e9\\U0001F600\"".replacing("é", with: "\"é\""), #"{"é":{"":"é😀"}}"#),
    ]
    for (text, json) in cases {
      #expect(try parse(text).value == JSONParser().parse(Array(json.utf8)), "\(text)")
    }
    #expect(cases.count == 8)
  }

  @Test("a text that is not TOML is refused with line, column, expected and found")
  func refusals() {
    let cases: [(String, String)] = [
      ("a = ", "line 1, column 5: expected a value, found the end of the text"),
      ("a = 1\nb = \n", "line 2, column 5: expected a value, found the end of the line"),
      ("a 1", "line 1, column 3: expected '.' or '=' after a key, found '1'"),
      ("a = 1 b = 2", "line 1, column 7: expected the end of the line, found 'b'"),
      ("a = 1\na = 2", "line 2, column 1: expected each key once, found 'a' again, first defined in line 1"),
      ("[a]\n[b]\n[a]", "line 3, column 2: expected each key once, found 'a' again, first defined in line 1"),
      (
        "a = {b = 1}\n[a.c]",
        "line 2, column 2: expected each key once, found 'a' again, first defined in line 1"
      ),
      ("a = [1, 2", "line 1, column 10: expected ',' or ']', found the end of the text"),
      ("a = {b = 1\n}", "line 1, column 11: expected ',' or '}' on the same line, found the end of the line"),
      ("a = {b = 1,}", "line 1, column 12: expected a key, found '}'"),
      ("a = \"b", "line 1, column 7: expected '\"', found the end of the text"),
      ("a = \"b\nc\"", "line 1, column 7: expected '\"', found the end of the line"),
      ("a = 'b\n'", "line 1, column 7: expected \"'\", found the end of the line"),
      ("a = \"\\d\"", "line 1, column 7: expected one of b t n f r \" \\ u U after a backslash, found 'd'"),
      ("a = \"\\ud800\"", "line 1, column 6: expected a Unicode character, found '\\ud800'"),
      ("a = \"\u{0}\"", "line 1, column 6: expected no control character in a string, found byte 0x00"),
      ("# \u{7}", "line 1, column 3: expected no control character in a comment, found byte 0x07"),
      ("\u{0}", "line 1, column 1: expected a key, found byte 0x00"),
      ("\u{FEFF}a = 1", "line 1, column 1: expected a key, found a byte order mark"),
      ("a = nan", "line 1, column 5: expected a finite number, found nan, which is not supported here"),
      ("a = -inf", "line 1, column 5: expected a finite number, found -inf, which is not supported here"),
      (
        "a = 1979-05-27",
        "line 1, column 5: expected a string, a number, a boolean, an array or a table, "
          + "found a date or a time, which is not supported here: '1979-05-27'"
      ),
      ("a = 007", "line 1, column 5: expected a number without leading zeros, found '007'"),
      (
        "a = yes",
        "line 1, column 5: expected a value: a text in quotes, a number, true or false, found 'yes'"
      ),
      (
        "a = 9223372036854775808",
        "line 1, column 5: expected a 64-bit integer or a finite number, found '9223372036854775808'"
      ),
      (
        "a = 1\(String(repeating: "0", count: 1000))",
        "line 1, column 5: expected a 64-bit integer or a finite number, "
          + "found '1\(String(repeating: "0", count: 39))…'"
      ),
      ("[a\n]", "line 1, column 3: expected '.' or ']', found the end of the line"),
      ("[[a]\n", "line 1, column 5: expected ']]', found the end of the line"),
    ]
    for (text, sentence) in cases {
      do {
        _ = try parse(text)
        Issue.record("\(text.debugDescription) is read")
      } catch { #expect("\(error)" == sentence) }
    }
    #expect(cases.count == 28)
  }

  @Test("hostile texts end in one sentence, and soon")
  func hostile() throws {
    let most = 1 << 20
    func text(_ part: String, _ count: Int) -> [UInt8] { Array(String(repeating: part, count: count).utf8) }
    let cases: [(label: String, bytes: [UInt8], sentence: String)] = [
      ("brackets", text("[", most), "line 1, column 3: expected a key, found '['"),
      (
        "arrays", Array("a=".utf8) + text("[", most - 2),
        "line 1, column 66: expected at most 64 levels of nesting, found more"
      ),
      ("tables", Array("a=".utf8) + text("{a=", 300_000), "levels of nesting"),
      ("dots", text("a.", 500_000), "levels of nesting"),
      ("header", Array("[".utf8) + text("a.", 500_000), "levels of nesting"),
      (
        "nested table arrays",
        (1...64).flatMap { Array("[[\(String(repeating: "a.", count: $0))a]]\n".utf8) }, "levels of nesting"
      ),
      ("digits", Array("a=".utf8) + text("9", most - 2), "expected a 64-bit integer"),
      ("fraction", Array("a=1e".utf8) + text("9", most - 4), "expected a 64-bit integer"),
      ("too large", text(" ", most + 1), "expected at most 1048576 bytes of TOML, found 1048577"),
      ("invalid UTF-8", Array("a = \"".utf8) + [0xFF], "line 1, column 6: expected UTF-8, found byte 0xFF"),
      (
        "half a character", Array("a=1\nb = \"".utf8) + [0xC3],
        "line 2, column 6: expected UTF-8, found byte 0xC3"
      ),
      ("a surrogate in UTF-8", Array("#".utf8) + [0xED, 0xA0, 0x80], "line 1, column 2: expected UTF-8"),
    ]
    for (label, bytes, sentence) in cases {
      var failure: String?
      let seconds = threadSeconds {
        do { _ = try TOMLParser().parse(bytes) } catch { failure = "\(error)" }
      }
      let found = try #require(failure, "\(label) is read")
      #expect(found.contains(sentence), "\(label): \(found)")
      #expect(found.utf8.count < 300, "\(label)")
      #expect(seconds < wrongOrderSeconds, "\(label)")
    }
    #expect(cases.count == 12)
    // Large documents that are valid.
    let keys = Array((0..<100_000).map { "k\($0)=1" }.joined(separator: "\n").utf8)
    let tables = text("[[f]]\n", most / 6)
    for bytes in [keys, tables] {
      #expect(try threadSeconds { _ = try TOMLParser().parse(bytes) } < wrongOrderSeconds)
    }
  }

  @Test("nesting up to the limit is read")
  func depth() throws {
    let arrays = "a=" + String(repeating: "[", count: 63) + String(repeating: "]", count: 63)
    #expect(throws: Never.self) { try parse(arrays) }
    #expect(throws: TOMLError.self) { try parse(arrays.replacing("[[", with: "[[[", maxReplacements: 1)) }
  }

  @Test("every key and entry has its place")
  func places() throws {
    let document = try parse("a = 1\n[[f]]\nx = [1,\n  2]\n[[f]]\ny.z = 3\n")
    let cases: [([TOMLStep], (Int, Int)?)] = [
      ([.key("a")], (1, 1)), ([.key("f"), .entry(0)], (2, 3)), ([.key("f"), .entry(1)], (5, 3)),
      ([.key("f"), .entry(0), .key("x"), .entry(1)], (4, 3)),
      ([.key("f"), .entry(1), .key("y"), .key("z")], (6, 3)), ([.key("f"), .entry(9)], (2, 3)),
      ([.key("none")], nil), ([], nil),
    ]
    for (path, expected) in cases {
      let place = document.place(of: path)
      #expect(place?.line == expected?.0 && place?.column == expected?.1, "\(path)")
    }
    #expect(cases.count == 8)
  }
}
