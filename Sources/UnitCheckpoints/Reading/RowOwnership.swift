/// Hands out the rows of the tables that other tables refer to, each row once and in order.
///
/// That is how they are written. A reader that allowed more would let a small file make it do the work of a huge one:
/// a thousand cuts that share a million segments.
struct RowOwnership {
  private let path: String
  private let counts: [LayoutV1.Table: Int]
  private var next: [LayoutV1.Table: Int] = [:]

  init(path: String, tables: IndexTables) {
    self.path = path
    counts = [
      .parts: tables.parts.count, .segments: tables.segments.count, .dimensions: tables.dimensions.count,
      .datasets: tables.datasets.count, .blocks: tables.blocks.count, .coordinates: tables.coordinates.count,
    ]
  }

  /// `first..<first + count`, when it begins where the last rows of `what` ended and stays in the table.
  mutating func take(
    _ first: UInt64, _ count: UInt64, of what: LayoutV1.Table, for table: LayoutV1.Table, row: Int
  ) throws(CheckpointError) -> Range<Int> {
    let limit = counts[what, default: 0]
    let (end, overflow) = first.addingReportingOverflow(count)
    guard !overflow, end <= UInt64(limit) else {
      throw .broken(
        .rowRange, path: path, table: table, row: row, expected: "rows of \(what.path) below \(limit)",
        found: "\(count) from \(first)")
    }
    let expected = next[what, default: 0]
    guard first == UInt64(expected) else {
      throw .broken(
        .rowOrder, path: path, table: table, row: row, expected: "rows of \(what.path) from \(expected)",
        found: "from \(first)")
    }
    next[what] = Int(end)
    return Int(first)..<Int(end)
  }

  /// Checks that no row is left over.
  func checkAllOwned() throws(CheckpointError) {
    for table in LayoutV1.Table.allCases {
      guard let count = counts[table], next[table, default: 0] < count else { continue }
      throw .broken(
        .rowLeftOver, path: path, table: table, row: next[table, default: 0],
        expected: "a row that it belongs to", found: "none")
    }
  }
}

extension CheckpointError {
  /// A defect in a row of a table.
  static func broken(
    _ defect: CheckpointDefect, path: String, table: LayoutV1.Table, row: Int, expected: String, found: String
  ) -> Self {
    .broken(defect, path: path, place: "/\(table.path) row \(row)", expected: expected, found: found)
  }
}
