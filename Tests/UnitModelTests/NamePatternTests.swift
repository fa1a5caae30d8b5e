import TestSupport
import Testing

@testable import UnitModel

@Suite("Name patterns")
struct NamePatternTests {
  @Test("wildcards take what they say and no more")
  func matching() throws {
    let cases: [(String, String, [String]?, [String])] = [
      ("layer{}.up", "layer12.up", ["12"], []), ("layer{}.up", "layer.up", nil, []),
      ("layer{}.up", "layer1.2.up", nil, []), ("layer{}.up", "layer1/2.up", nil, []),
      ("{}.{}", "a.b", ["a", "b"], []), ("{}.{}", "a.b.c", nil, []), ("{}", "", nil, []), ("*", "", [], [""]),
      ("*.w", "a.b.w", [], ["a.b"]), ("head.*", "head.", [], [""]), ("*{}", "ab/c", ["c"], ["ab/"]),
      ("a*b*c", "abbc", [], ["", "b"]), ("a{}b{}", "a1b2b3", ["1", "2b3"], []),
      ("{}{}", "é😀", ["é", "😀"], []),
      ("exact", "exact", [], []), ("exact", "exacts", nil, []), ("", "", [], []), ("", "x", nil, []),
      ("é", "e\u{301}", nil, []), ("aa*aa", "aaa", nil, []), ("{x}*", "{x}y", [], ["y"]),
      ("**", "ab", [], ["ab"]),
    ]
    for (text, name, components, stars) in cases {
      let captures = try #require(NamePattern(text)).match(name)
      #expect(captures?.components == components, "\(text) on \(name)")
      if components != nil { #expect(captures?.stars == stars, "\(text) on \(name)") }
    }
    #expect(cases.count == 22)
  }

  @Test("captures fill the wildcards of another pattern in order")
  func filling() throws {
    let captures = try #require(NamePattern("l{}.b{}.*")?.match("l3.b7.up.w"))
    #expect(NamePattern("ffn{}")?.filled(with: captures) == "ffn3")
    #expect(NamePattern("ffn{}-{}/*")?.filled(with: captures) == "ffn3-7/up.w")
    #expect(NamePattern("{}{}{}")?.filled(with: captures) == nil)
  }

  @Test("a pattern made to be slow is not")
  func cost() throws {
    let pattern = try #require(NamePattern("a" + String(repeating: "{}a*", count: 8) + "b"))
    let time = threadSeconds { #expect(pattern.match(String(repeating: "a", count: 16_000) + "b") != nil) }
    let none = threadSeconds { #expect(pattern.match(String(repeating: "a", count: 16_000)) == nil) }
    #expect(time + none < wrongOrderSeconds)
    #expect(pattern.match(String(repeating: "a", count: 1 << 20) + "b") == nil)
  }

  @Test("the nearest name is the one that was meant")
  func nearest() {
    let names = ["layer.0.attention.query.weight", "layer.0.attention.key.weight", "norm", "bias"]
    #expect(nearestName(to: "layer.0.atention.query.weight", among: names) == names[0])
    #expect(nearestName(to: "layer.{}.attention.kye.weight", among: names) == names[1])
    #expect(nearestName(to: "biass", among: names) == "bias")
    #expect(nearestName(to: "nrom", among: names) == "norm")
    #expect(nearestName(to: "completely different", among: names) == nil)
    #expect(nearestName(to: "x", among: ["y"]) == nil)
  }
}
