import Testing

@testable import UnitModel

@Suite("Rules that assign units to tasks")
struct RuleTests {
  private func orders(_ rule: AssignmentRule, tasks: Int, units: Int) throws -> [[Int]] {
    try (0..<tasks).map { try rule.order(ofTask: $0, taskCount: tasks, unitCount: units).map(\.index) }
  }

  @Test("the paper's tables for four tasks are met, both readings")
  func tables() throws {
    #expect(
      try orders(.adjacent, tasks: 4, units: 4) == [
        [0, 1, 2, 3], [1, 0, 2, 3], [2, 1, 0, 3], [3, 2, 1, 0],
      ])
    #expect(
      try orders(.nearest, tasks: 4, units: 4) == [
        [0, 1, 2, 3], [1, 0, 2, 3], [2, 1, 3, 0], [3, 2, 1, 0],
      ])
  }

  @Test("up to three units the readings agree, and with three they are the paper's Eq. 3")
  func agreement() throws {
    for units in 1...3 {
      #expect(
        try orders(.nearest, tasks: units, units: units) == orders(.adjacent, tasks: units, units: units))
    }
    #expect(try orders(.nearest, tasks: 3, units: 3) == [[0, 1, 2], [1, 0, 2], [2, 1, 0]])
  }

  @Test("fewer tasks than units leave no unit out")
  func fewerTasks() throws {
    #expect(try orders(.nearest, tasks: 2, units: 5) == [[0, 1, 2, 3, 4], [1, 0, 2, 3, 4]])
    #expect(try orders(.adjacent, tasks: 3, units: 6)[2] == [2, 1, 0, 3, 4, 5])
    #expect(try orders(.nearest, tasks: 3, units: 6)[2] == [2, 1, 3, 0, 4, 5])
  }

  @Test("more tasks than units are refused")
  func tooManyTasks() {
    for rule in AssignmentRule.allCases {
      #expect(throws: PlanError.tooFewUnits(rule: rule.rawValue, tasks: 4, units: 3)) {
        try rule.order(ofTask: 0, taskCount: 4, unitCount: 3)
      }
    }
  }
}
