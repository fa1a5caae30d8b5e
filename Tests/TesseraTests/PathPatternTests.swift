import Foundation
import TestSupport
import Testing

@testable import Tessera

@Suite("Patterns of paths")
struct PathPatternTests {
  @Test("match whole paths, component by component")
  func table() throws {
    let cases: [(pattern: String, matched: [String], others: [String])] = [
      ("*.h5", ["m.h5", ".h5"], ["a/m.h5", "m.h5x", "m"]), ("**", [".", "a", "a/b"], []),
      ("**/*.pt", ["a.pt", "x/a.pt", "x/y/a.pt"], ["a.pth", "x/y"]),
      ("models/**", ["models/a", "models/a/b", "models"], ["model/a"]),
      ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/x/c", "b", "a/bb"]),
      ("?.h5", ["é.h5", "a.h5"], ["ab.h5", "/.h5"]),
      ("a*b?c", ["abxc", "axxbyc"], ["abc", "a/bxc"]), ("[a]{b}", ["[a]{b}"], ["ab", "a"]),
      (".", ["."], ["a"]),
      ("**/a/**/b/**", ["a/b", "x/a/y/b/z", "a/a/b"], ["b/a", "ab"]),
    ]
    for (text, matched, others) in cases {
      let pattern = try #require(PathPattern(text))
      for path in matched { #expect(pattern.matches(path), "\(text): \(path)") }
      for path in others { #expect(!pattern.matches(path), "\(text): \(path)") }
    }
    #expect(cases.count == 10)
    for text in ["", "/a", "a/", "a//b", "..", "../a", "./a", "a/.", "a**", "**a/b", "***"] {
      #expect(PathPattern(text) == nil, "\(text)")
    }
  }

  @Test("with many wildcards take little time")
  func hostile() throws {
    let stars = try #require(PathPattern(String(repeating: "*a", count: 1500) + "b"))
    var found = true
    let seconds = threadSeconds { found = stars.matches(String(repeating: "a", count: 4000)) }
    #expect(!found && seconds < wrongOrderSeconds)
    let folders = try #require(PathPattern(String(repeating: "**/a/", count: 300) + "b"))
    let others = threadSeconds { found = folders.matches(String(repeating: "a/", count: 2000) + "c") }
    #expect(!found && others < wrongOrderSeconds)
  }

  /// A component as Python's fnmatch matches it, and `**` by trying every number of components.
  private static let judge = """
    import fnmatch, json, sys
    def match(pattern, path):
        if not pattern: return not path
        if pattern[0] == "**": return any(match(pattern[1:], path[i:]) for i in range(len(path) + 1))
        return bool(path) and fnmatch.fnmatchcase(path[0], pattern[0]) and match(pattern[1:], path[1:])
    pairs = json.load(open(sys.argv[1]))
    print(json.dumps([match(a.split("/"), b.split("/")) for a, b in pairs]))
    """

  @Test("match as fnmatch does", .enabled(if: Peers.areThere(python: true)))
  func fnmatch() throws {
    var random = SeededGenerator(seed: 7)
    func word(_ letters: [String], _ most: Int) -> String {
      (0..<random.number(in: 1...most)).map { _ in letters[random.number(in: 0...letters.count - 1)] }
        .joined()
    }
    var pairs: [[String]] = []
    while pairs.count < 5000 {
      let pattern = (0..<random.number(in: 1...4)).map { _ in
        random.number(in: 0...3) == 0
          ? "**" : word(["a", "b", ".", "*", "?", "é"], 4).replacing("**", with: "*")
      }.joined(separator: "/")
      let path = (0..<random.number(in: 1...4)).map { _ in word(["a", "b", ".", "é"], 4) }.joined(
        separator: "/")
      if PathPattern(pattern) != nil { pairs.append([pattern, path]) }
    }
    let folder = try TemporaryFolder()
    _ = try folder.write(Array(try JSONEncoder().encode(pairs)), as: "pairs.json")
    let run = try Subprocess.run(try #require(Peers.python), ["-c", Self.judge, folder.file("pairs.json")])
    let judged = try JSONDecoder().decode([Bool].self, from: Data(run.output))
    try #require(judged.count == pairs.count)
    for (pair, expected) in zip(pairs, judged) {
      #expect(PathPattern(pair[0])?.matches(pair[1]) == expected, "\(pair)")
    }
    #expect(judged.count { $0 } > 500 && judged.count { !$0 } > 500)
  }
}
