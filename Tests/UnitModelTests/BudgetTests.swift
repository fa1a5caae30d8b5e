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

  private let totals = [
    LevelTotal(level: LevelNumber(1), parameters: ParameterCount(100), bytes: ByteCount(400)),
    LevelTotal(level: LevelNumber(2), parameters: ParameterCount(450), bytes: ByteCount(900)),
    LevelTotal(level: LevelNumber(3), parameters: ParameterCount(300), bytes: ByteCount(1200)),
  ]

  @Test("the highest-numbered level that fits is chosen, whatever the sizes of those below")
  func selection() throws {
    #expect(try Budget.parameters(ParameterCount(300)).select(from: totals, of: "t") == LevelNumber(3))
    #expect(try Budget.parameters(ParameterCount(299)).select(from: totals, of: "t") == LevelNumber(1))
    #expect(try Budget.bytes(ByteCount(1199)).select(from: totals, of: "t") == LevelNumber(2))
    #expect(try Budget.bytes(ByteCount(.max)).select(from: totals.reversed(), of: "t") == LevelNumber(3))
  }

  @Test("none fits: the error says what the smallest takes")
  func nothingFits() {
    let error = #expect(throws: PlanError.self) {
      try Budget.bytes(ByteCount(399)).select(from: totals, of: "t")
    }
    #expect(
      error?.description
        == "task 't': expected a level within 399 bytes, found that the smallest takes 400 bytes")
  }
}
