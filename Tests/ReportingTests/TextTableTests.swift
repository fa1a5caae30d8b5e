import Reporting
import Testing

@Suite("Text tables")
struct TextTableTests {
  private var table: TextTable {
    var table = TextTable([.init("name", shrinks: true), .init("dtype"), .init("bytes", .right)])
    table.append(["encoder.layer.0.attention.self.query.weight", "F32", "589,824"])
    table.append(["b", "BF16", "8"])
    return table
  }

  @Test("align columns and end lines without spaces")
  func aligned() {
    #expect(
      table.text(width: nil) == """
        name                                         dtype    bytes
        encoder.layer.0.attention.self.query.weight  F32    589,824
        b                                            BF16         8

        """)
  }

  @Test("shorten the middle of the column that may shrink", arguments: [59, 58, 40, 24])
  func narrow(width: Int) {
    let lines = table.text(width: width).split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= width })
    #expect(lines[1].hasSuffix("589,824"))
    #expect(lines[1].contains("…") == (width < 59))
    #expect(lines[1].hasPrefix("enc"))
  }

  @Test("count wide characters as two columns, in padding and in shortening")
  func wide() {
    var table = TextTable([.init("name", shrinks: true), .init("n", .right)])
    table.append(["層の重み", "1"])
    table.append(["étage", "22"])
    #expect(table.text(width: nil) == "name       n\n層の重み   1\nétage     22\n")
    table.append([String(repeating: "層", count: 60), "3"])
    let last = table.text(width: 30).split(separator: "\n")[3]
    #expect(last.contains("…") && last.reduce(0) { $0 + ($1 == "層" ? 2 : 1) } <= 30, "\(last)")
  }

  @Test("leave at least eight characters of a name")
  func veryNarrow() {
    #expect(table.text(width: 5).split(separator: "\n")[1].prefix(8).contains("…"))
  }
}

@Suite("Lists of numbers")
struct NumberListTests {
  @Test(
    "are spelled out when short, and as runs and repeats when long",
    arguments: [
      ([], ""), ([3], "3"), ([0, 1, 2, 3, 4, 5, 6, 7], "0 1 2 3 4 5 6 7"), (Array(0...8), "0–8"),
      ([Int](repeating: 48, count: 16), "16 × 48"), ([5, 5] + Array(1...9), "5 5 1–9"),
      ([1, 0, 2, 3, 4, 9, 9, 9, 7], "1 0 2–4 3 × 9 7"),
    ] as [([Int], String)])
  func text(numbers: [Int], expected: String) {
    #expect(NumberList.text(numbers) == expected)
  }
}
