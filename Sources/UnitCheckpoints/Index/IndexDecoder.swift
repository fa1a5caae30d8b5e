internal import Tensors
internal import UnitModel

/// Decodes the tables into an index, and refuses tables that do not fit together.
///
/// If decoding continues after defects, a row with a wrong value is logged and left out; so is everything that refers
/// to it.
struct IndexDecoder {
  let path: String
  let tables: IndexTables
  var index = CheckpointIndex()
  var names: NameDecoder
  var log: DefectLog
  /// One cut for each row. It is nil if the row is broken, which can only happen if decoding continues after defects.
  var cuts: [IndexedCut?] = []
  var tensors: [IndexedTensor?] = []
  /// Lists of axes, which dimensions share: a cut may have a million axes, and a file half a million dimensions.
  var axisLists: [UInt64: [Int]] = [:]
  /// The total number of axes in these lists.
  var axisNumbers = 0
  /// Cuts that are known to be between blocks. The key is the cut, the number of elements inside a position modulo a
  /// block's, and a block's elements.
  var blockCuts = Set<[Int]>()
  /// For pairs of scopes, whether the first has all networks of the second.
  var knownScopes: [[Int]: Bool] = [:]

  /// The index in `tables`, which belong to the file at `path`.
  ///
  /// Throws the first defect, or the one after which decoding cannot continue; earlier defects are in the log.
  static func decode(
    _ tables: IndexTables, path: String, log: inout DefectLog
  ) throws(CheckpointError) -> CheckpointIndex {
    var decoder = IndexDecoder(path: path, tables: tables, log: log)
    defer { log = decoder.log }
    let before = log.errors.count
    try decoder.decodeCuts()
    try decoder.decodeAxes()
    try decoder.decodeTasks()
    try decoder.decodeScopes()
    try decoder.decodeTensors()
    try decoder.decodeOwners()
    try decoder.decodeReorderings()
    try decoder.decodeViews()
    try decoder.checkTies()
    try decoder.names.requireApart()
    if decoder.log.errors.count > before { throw decoder.log.errors[before] }
    decoder.index.cuts = decoder.cuts.compactMap { $0 }
    decoder.index.tensors = decoder.tensors.compactMap { $0 }
    return decoder.index
  }

  private init(path: String, tables: IndexTables, log: DefectLog) {
    self.path = path
    self.tables = tables
    self.log = log
    names = NameDecoder(path: path, bytes: tables.names)
  }

  func broken(
    _ defect: CheckpointDefect, _ table: Layout.Table, row: Int, _ expected: String, _ found: String
  ) -> CheckpointError {
    .broken(defect, path: path, table: table, row: row, expected: expected, found: found)
  }

  /// `rows` as a range. Throws if it exceeds a table of `limit` rows; empty ranges must begin at 0.
  func range(
    _ rows: RowRange, of what: Layout.Table, _ limit: Int, for table: Layout.Table, row: Int
  ) throws(CheckpointError) -> Range<Int> {
    let (first, count) = (Int(rows.first), Int(rows.count))
    guard count > 0 ? first + count <= limit : first == 0 else {
      throw broken(
        .rowRange, table, row: row, "rows of \(what.path) below \(limit)", "\(count) from \(first)")
    }
    return first..<first + count
  }

  /// The same for tables whose ranges follow each other: `rows` must begin at `next`.
  func range(
    _ rows: RowRange, following next: inout Int, of what: Layout.Table, _ limit: Int,
    for table: Layout.Table, row: Int
  ) throws(CheckpointError) -> Range<Int> {
    let range = try range(rows, of: what, limit, for: table, row: row)
    guard range.isEmpty || range.lowerBound == next else {
      throw broken(
        .rowOrder, table, row: row, "rows of \(what.path) from \(next)", "from \(range.lowerBound)")
    }
    if !range.isEmpty { next = range.upperBound }
    return range
  }

  /// Throws if a table has rows to which no other row refers.
  func requireNoneLeft(_ next: Int, of table: Layout.Table, _ count: Int) throws(CheckpointError) {
    guard next == count else {
      throw broken(
        .rowLeftOver, table, row: next, "a row that another table refers to", "a row that no table refers to")
    }
  }

  /// A list of units, each below the limit.
  func units(_ rows: RowRange, for table: Layout.Table, row: Int) throws(CheckpointError) -> [Int] {
    guard rows.count <= Partition.unitLimit else {
      throw broken(.unitList, table, row: row, "at most \(Partition.unitLimit) units", "\(rows.count)")
    }
    let range = try range(rows, of: .units, tables.units.count, for: table, row: row)
    let list = tables.units[range].map { Int($0) }
    guard list.allSatisfy({ $0 < Partition.unitLimit }) else {
      throw broken(
        .unitList, table, row: row, "units below \(Partition.unitLimit)", "\(list.max() ?? 0)")
    }
    return list
  }

  /// A list of units, each larger than the one before.
  func ascendingUnits(_ rows: RowRange, for table: Layout.Table, row: Int) throws(CheckpointError) -> [Int] {
    let list = try units(rows, for: table, row: row)
    guard zip(list, list.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw broken(.unitList, table, row: row, "units in ascending order", "\(list.prefix(8))")
    }
    return list
  }
}

extension CheckpointError {
  /// A defect in a row of a table.
  static func broken(
    _ defect: CheckpointDefect, path: String, table: Layout.Table, row: Int, expected: String, found: String
  ) -> Self {
    .broken(defect, path: path, place: "/\(table.path) row \(row)", expected: expected, found: found)
  }
}
