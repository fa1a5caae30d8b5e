import Testing

@testable import HDF5Kit

@Suite struct RecentValuesTests {
  @Test func theOneNotUsedForLongestGoesFirst() {
    var values = RecentValues<String, Int>(budget: 10)
    values.insert(1, cost: 4, for: "a")
    values.insert(2, cost: 4, for: "b")
    #expect(values.use("a") == 1)
    values.insert(3, cost: 3, for: "c")
    #expect(values.use("b") == nil)
    #expect(values.use("a") == 1 && values.use("c") == 3 && values.cost == 7)
    #expect(values.take("a") == 1)
    #expect(values.use("a") == nil && values.cost == 3)
  }

  @Test func aValueOverTheBudgetIsNotKeptAndNothingGoesForIt() {
    var values = RecentValues<Int, Int>(budget: 10)
    values.insert(1, cost: 10, for: 1)
    values.insert(2, cost: 11, for: 2)
    #expect(values.use(1) == 1 && values.use(2) == nil && values.cost == 10)
    values.insert(3, cost: 1, for: 1)
    #expect(values.use(1) == 3 && values.cost == 1)
  }

  @Test func manyUsesOfAFewValuesLeaveTheOrderRight() {
    var values = RecentValues<Int, Int>(budget: 3)
    for key in 0..<3 { values.insert(key, cost: 1, for: key) }
    for round in 0..<1000 { _ = values.use(round % 2) }
    values.insert(9, cost: 1, for: 9)
    #expect(values.use(2) == nil)
    #expect(values.use(0) == 0 && values.use(1) == 1 && values.use(9) == 9)
  }
}
