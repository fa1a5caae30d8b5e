import TestSupport
import Testing

@testable import Assigning

@Suite("Balanced assignment")
struct BalancedAssignmentTests {
  /// The greatest total of all divisions, tried one by one.
  private static func best(_ values: [[Double]], _ capacities: [Int]) -> Double {
    guard let first = values.first else { return 0 }
    var best = -Double.infinity
    for group in capacities.indices where capacities[group] > 0 {
      var rest = capacities
      rest[group] -= 1
      best = max(best, first[group] + Self.best(Array(values.dropFirst()), rest))
    }
    return best
  }

  @Test("has the greatest total of all divisions, and no group has too many", arguments: 1...200)
  func optimal(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let groups = Int.random(in: 1...4, using: &random)
    let capacities = (0..<groups).map { _ in Int.random(in: 0...3, using: &random) }
    let items = Int.random(in: 0...min(7, capacities.reduce(0, +)), using: &random)
    // Small whole numbers have many ties; others have none.
    let isWhole = Bool.random(using: &random)
    let values = (0..<items).map { _ in
      (0..<groups).map { _ in
        isWhole ? Double(Int.random(in: -2...2, using: &random)) : Double.random(in: -1...1, using: &random)
      }
    }
    let found = BalancedAssignment(values, capacities: capacities).groups
    for group in 0..<groups { #expect(found.count { $0 == group } <= capacities[group]) }
    let total = zip(values, found).reduce(0) { $0 + $1.0[$1.1] }
    #expect(abs(total - Self.best(values, capacities)) < 1e-9)
    #expect(BalancedAssignment(values, capacities: capacities).groups == found)
  }

  @Test("gives equal items to lower groups first")
  func ties() {
    let values = [[Double]](repeating: [1, 1, 1], count: 3)
    #expect(BalancedAssignment(values, capacities: [1, 1, 1]).groups == [0, 1, 2])
    #expect(BalancedAssignment(values, capacities: [3, 3, 3]).groups == [0, 0, 0])
  }
}
