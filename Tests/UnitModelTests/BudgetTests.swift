import Tensors
import Testing
import UnitModel

@Suite("Budgets")
struct BudgetTests {
  @Test("numbers are read as people write them, exactly")
  func parsing() throws {
    let cases: [(String, Budget)] = [
      ("1.9M", .parameters(ParameterCount(1_900_000))), ("500k", .parameters(ParameterCount(500_000))),
      ("7,380,276", .parameters(ParameterCount(7_380_276))),
      ("0.30G", .parameters(ParameterCount(300_000_000))),
      ("1.2345k", .parameters(ParameterCount(1234))), ("64MB", .bytes(ByteCount(64_000_000))),
      ("512 kB", .bytes(ByteCount(512_000))), ("2GiB", .bytes(ByteCount(2_147_483_648))),
      ("1.5KiB", .bytes(ByteCount(1536))), ("12 bytes", .bytes(ByteCount(12))),
      ("1.1M", .parameters(ParameterCount(1_100_000))),
    ]
    for (text, budget) in cases {
      #expect(try Budget(parsing: text) == budget, "\(text)")
    }
    #expect(cases.count == 11)
  }

  @Test("what is not a budget is refused")
  func refusals() {
    let texts = [
      "", "M", "7B", "-5", "+5", "1.", ".5", "1..5", "1e6", "12,34", "1,2345", "0", "0.4", "9999999999G",
      "5 MBs",
      "٣", "1.0000000000000000001M", "0.000000000000000001TB", "NaN", ",5", "5,",
    ]
    for text in texts {
      #expect(throws: PlanError.self, "\(text)") { try Budget(parsing: text) }
    }
  }

  @Test("multiply-adds and milliseconds are read in any case, exactly, where they are accepted")
  func work() throws {
    let cases: [(String, Budget)] = [
      ("1.5GMAC", Budget(.multiplyAdds, limit: 1_500_000_000)),
      ("300MMAC", Budget(.multiplyAdds, limit: 300_000_000)),
      ("12kMAC", Budget(.multiplyAdds, limit: 12_000)), ("12 KMAC", Budget(.multiplyAdds, limit: 12_000)),
      ("2e6MAC", Budget(.multiplyAdds, limit: 2_000_000)),
      ("2.5E+3 kmac", Budget(.multiplyAdds, limit: 2_500_000)),
      ("7,380,276mac", Budget(.multiplyAdds, limit: 7_380_276)),
      ("1.9999MAC", Budget(.multiplyAdds, limit: 1)),
      ("9TMac", Budget(.multiplyAdds, limit: 9_000_000_000_000)),
      ("3ms", Budget(.time, limit: 3_000_000)), ("0.25 MS", Budget(.time, limit: 250_000)),
      ("1e3ms", Budget(.time, limit: 1_000_000_000)),
      ("64MB", Budget(.bytes, limit: 64_000_000)), ("1.9M", Budget(.parameters, limit: 1_900_000)),
    ]
    let all = Set(Budget.Quantity.allCases)
    for (text, budget) in cases {
      #expect(try Budget(parsing: text, in: all) == budget, "\(text)")
      #expect(
        (try? Budget(parsing: text)) == (budget.quantity.isWork ? nil : budget), "\(text) where it has no use"
      )
    }
    #expect(cases.count == 14)
  }

  @Test("what is no work is refused, with examples of the quantities that are accepted")
  func workRefusals() {
    let texts = [
      "MAC", "0MAC", "0.4MAC", "-1MAC", "1e6", "1e6M", "1e3kB", "1e19MAC", "1e18TMAC", "9999999999TMAC",
      "1eMAC", "1e-3MAC", "e6MAC", "1GFLOP", "1.5G MAC s", "3s", "0ms", "0.0000001ms", "3 m s", "1PMAC",
      "3ms/2", "٣ms",
    ]
    let all = Set(Budget.Quantity.allCases)
    for text in texts {
      let error = #expect(throws: PlanError.self, "\(text)") { try Budget(parsing: text, in: all) }
      #expect(
        error?.description.contains(
          "expected a number such as 1.9M, 500k, 7,380,276 (parameters), 64MB, 2GiB (bytes), 1.5GMAC "
            + "(multiply-adds) or 3ms (a time), found ") ?? false, "\(text)")
    }
    #expect(texts.count == 22)
    let error = #expect(throws: PlanError.self) { try Budget(parsing: "3ms", in: [.bytes]) }
    #expect(error?.description == "budget: expected a number such as 64MB, 2GiB (bytes), found '3ms'")
  }

  @Test("costs are written with their unit, and never rounded to the budget")
  func words() {
    let cases: [(Budget.Quantity, Int, String)] = [
      (.parameters, 7_380_276, "7,380,276 parameters"), (.bytes, 64_000_000, "64,000,000 bytes"),
      (.multiplyAdds, 1_500_000_000, "1,500,000,000 multiply-adds"), (.time, 3_000_000, "3 ms"),
      (.time, 3_000_001, "3.000001 ms"), (.time, 250_000, "0.25 ms"), (.time, 1_234_500_000, "1,234.5 ms"),
    ]
    for (quantity, cost, text) in cases { #expect(quantity.text(cost) == text) }
    #expect(cases.count == 7)
  }

  private let costs = [
    LevelCost(LevelNumber(1), cost: 100), LevelCost(LevelNumber(2), cost: 450),
    LevelCost(LevelNumber(3), cost: 300),
  ]

  @Test(
    "the highest-numbered level that fits is chosen, whatever the costs of those below",
    arguments: Budget.Quantity.allCases)
  func selection(quantity: Budget.Quantity) throws {
    for (limit, level) in [(300, 3), (299, 1), (100, 1), (Int.max, 3)] {
      let budget = Budget(quantity, limit: limit)
      #expect(try budget.select(from: costs, of: "t") == LevelNumber(level))
      #expect(try budget.select(from: costs.reversed(), of: "t") == LevelNumber(level))
    }
  }

  @Test("none fits: the error says what the smallest takes")
  func nothingFits() {
    let cases: [(Budget, String)] = [
      (Budget(.bytes, limit: 99), "a level within 99 bytes, found that the smallest takes 100 bytes"),
      (
        Budget(.multiplyAdds, limit: 99),
        "a level within 99 multiply-adds, found that the smallest takes 100 multiply-adds"
      ),
      (Budget(.time, limit: 99), "a level within 0.000099 ms, found that the smallest takes 0.0001 ms"),
    ]
    for (budget, words) in cases {
      let error = #expect(throws: PlanError.self) { try budget.select(from: costs, of: "t") }
      #expect(error?.description == "task 't': expected \(words)")
    }
    #expect(cases.count == 3)
  }
}
