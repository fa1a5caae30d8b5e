import StrictJSON
import TestSupport
import Testing

/// Documents in TOML, which Python's tomllib reads too.
@Suite("TOML against tomllib", .enabled(if: Peers.areThere(python: true)))
struct TOMLInteropTests {
  private static let values = [
    "1", "0", "-0", "+7", "-3", "01", "0x1F", "0xg", "0x", "0o7", "0o8", "0b2", "0b10", "-0x1", "+0b1", "1_0",
    "1__0", "_1", "1_", "0_1", "1.5", "1.", ".5", "1.e1", "1e3", "1E-2", "1e", "1.5e+1_0", "0e0", "-0.0",
    "+1.0",
    "1_000.000_1", "1e0_1", "1e_1", "1e400", "9223372036854775807", "-9223372036854775808",
    "9223372036854775808", "0x7fffffffffffffff", "0x8000000000000000", "true", "false", "True", "tru", "inf",
    "-nan", "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", #""a""#, #""\n\b\f\r\t\"\\""#, #""\u00e9""#,
    #""\ud800""#, #""\U0001F600""#, #""\U00110000""#, #""\u12""#, #""\x""#, #""\/""#, "\"a\tb\"", "\"a\nb\"",
    #"'lit\n'"#, "''", #""""#, "\"é\"", "\"\u{7F}\"", "'\u{1}'", "\"open", "'open", #""""x""""#,
    "\"\"\"\na\\\n   b\"\"\"", #""""a""b""""#, #"""""a""""""#, #""""a"""""""#, "\"\"\"a\\   \n  x\"\"\"",
    #""""a\  x""""#, #""""a\ "#, "\"\"\"\r\nx\r\ny\"\"\"", "'''\nq'x''y'''", "''''a'''''", "'''a", "[]",
    "[1,2,]", "[,]", "[1 2]", "[1,\n# c\n2\n]", "[[1],[\"a\",{b=1}]]", "[1", "{}", "{a=1}", "{a=1,}",
    "{a=1\n}",
    "{a.b=1, a.c=2}", "{a={x=1}, a.y=2}", "{a=1,a=2}", "{ a = 1, b = [ {c=1} ] }", "{a", "{,}", "", "# none",
    "a b",
  ]
  private static let keys = [
    "a", "b", "c", "a.b", "a . c", "b.c.d", "\"a\"", "'b'", "\"\\u0061\"", "a.\"b.c\"", "1", "1.2", "-", "é",
    "\"\"", "''.x", "a..b", ".a", "a.", "\"a", "a b", "\"\"\"a\"\"\"", "e\u{301}", "\"é\"", "\"e\u{301}\"",
  ]
  private static let headers = [
    "a", "b", "a.b", "a.b.c", "a.c", "b.c", " a ", "\"a\".b", "c", "", "a.", "1", "a b", "'x y'",
  ]
  private static let lines = [
    "# comment", "", "   ", "# \t", "#\u{1}", "garbage", "= 1", "a = 1 b = 2", "[a", "[a]]", "[[a]", "[ [a]]",
    "a",
    "a =", "[a] x", "[a] # x", "\r", "\u{FEFF}",
  ]

  /// A document of a few lines over few keys, so that keys and tables often meet.
  private static func document(_ random: inout SeededGenerator) -> String {
    func pick(_ texts: [String], _ common: Int) -> String {
      let isCommon = random.number(in: 0...9) < 9
      return texts[random.number(in: 0...(isCommon ? min(common, texts.count) : texts.count) - 1)]
    }
    let chosen = (0..<random.number(in: 1...7)).map { _ -> String in
      switch random.number(in: 0...19) {
      case 0..<12: pick(keys, 9) + pick([" = ", "=", "\t=\t"], 3) + pick(values, values.count)
      case 12..<15: "[\(pick(headers, 9))]"
      case 15..<19: "[[\(pick(headers, 9))]]"
      default: pick(lines, lines.count)
      }
    }
    return chosen.joined(separator: random.number(in: 0...3) == 0 ? "\r\n" : "\n")
  }

  /// Every document of up to three of these lines: which tables may be extended, and by what.
  private static let nested: [String] = {
    let lines = [
      "[a]", "[a.b]", "[a.b.c]", "[[a]]", "[[a.b]]", "b = 1", "b.c = 1", "a.b.c = 1", "b.c.d = 1",
      "a = {b = 1}",
    ]
    let pairs = lines.flatMap { first in lines.map { "\(first)\n\($0)" } }
    return pairs + pairs.flatMap { first in lines.map { "\(first)\n\($0)" } }
  }()

  @Test("a document has the same values, or is refused by both")
  func agreement() throws {
    var random = SeededGenerator(seed: 1979)
    let texts =
      Self.values.map { "x = \($0)" } + Self.keys.map { "\($0) = 1" }
      + Self.headers.flatMap { ["[\($0)]\nz = 1", "[[\($0)]]\nz = 1"] } + Self.lines
      + Self.nested
      + (0..<4000).map { _ in Self.document(&random) }
    let workshop = try Workshop()
    _ = try workshop.folder.write(
      JSONWriter.bytes(.array(texts.map(JSONValue.string))), as: "documents.json")
    let output = try workshop.script("toml.py", ["documents.json"]).output
    guard case .array(let judged) = try JSONParser().parse(output) else {
      Issue.record("no list")
      return
    }
    try #require(judged.count == texts.count)
    var counts = (read: 0, refused: 0, beyond: 0)
    for (text, verdict) in zip(texts, judged) {
      guard case .object(let verdict) = verdict else { continue }
      let ours = Result { try TOMLParser().parse(Array(text.utf8)).value }
      if let value = verdict["value"] {
        counts.read += 1
        #expect((try? ours.get()) == value, "\(text.debugDescription): \(ours)")
      } else {
        if verdict["beyond"] == true { counts.beyond += 1 } else { counts.refused += 1 }
        #expect(throws: TOMLError.self, "\(text.debugDescription)") { try ours.get() }
      }
    }
    #expect(counts.read >= 600 && counts.refused >= 1500 && counts.beyond >= 50, "\(counts)")
  }
}
