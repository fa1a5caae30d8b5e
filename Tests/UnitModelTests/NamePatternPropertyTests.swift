import TestSupport
import Testing

@testable import UnitModel

/// Patterns as documented, tried character by character without a table.
private struct PatternOracle {
  private let pattern: [Character]

  init(_ text: String) { pattern = Array(text) }

  /// The text of each wildcard, in order.
  func match(_ name: [Character]) -> [String]? { match(pattern[...], name[...]) }

  private func match(_ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>) -> [String]? {
    guard let first = pattern.first else { return name.isEmpty ? [] : nil }
    if first == "*" {
      let rest = pattern.drop { $0 == "*" }
      return taking(0...name.count, of: name, before: rest)
    }
    if first == "{" {
      let most = name.prefix { $0 != "." && $0 != "/" }.count
      return most == 0 ? nil : taking(1...most, of: name, before: pattern.dropFirst(2))
    }
    return first == name.first ? match(pattern.dropFirst(), name.dropFirst()) : nil
  }

  private func taking(
    _ counts: ClosedRange<Int>, of name: ArraySlice<Character>, before rest: ArraySlice<Character>
  ) -> [String]? {
    for count in counts {
      if let found = match(rest, name.dropFirst(count)) { return [String(name.prefix(count))] + found }
    }
    return nil
  }
}

@Suite("Name patterns against their description")
struct NamePatternPropertyTests {
  @Test("a pattern takes from a name what trying every way from left to right takes")
  func agrees() throws {
    var generator = SeededGenerator(seed: 0x5EED)
    let pieces = ["a", "b", "aa", ".", "/", "é", "*", "{}", "*", "{}"]
    var matched = 0
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 0...7, using: &generator)).map { _ in
        pieces[Int.random(in: 0..<pieces.count, using: &generator)]
      }.joined()
      let name = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
        ["a", "a", "b", ".", "/", "é"][Int.random(in: 0..<6, using: &generator)]
      }.joined()
      let pattern = try #require(NamePattern(text))
      let expected = PatternOracle(text).match(Array(name))
      let found = pattern.match(name)
      #expect((found == nil) == (expected == nil), "\(text) on \(name)")
      guard let found, let expected else { continue }
      matched += 1
      var stars = found.stars[...]
      var components = found.components[...]
      var order: [String] = []
      for token in pattern.tokens {
        switch token {
        case .literal: break
        case .anything: order.append(stars.removeFirst())
        case .component: order.append(components.removeFirst())
        }
      }
      #expect(order == expected, "\(text) on \(name)")
    }
    #expect(matched > 1000)
  }
}
