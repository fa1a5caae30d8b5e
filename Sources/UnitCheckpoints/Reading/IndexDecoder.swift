internal import Tensors
internal import UnitModel

/// Turns the tables into an index and refuses whatever does not fit together.
///
/// Rows that another table refers to are taken before anything in a row is judged: a row with a wrong value can then
/// be noted and passed over, while rows that cannot be told apart end the decoding.
struct IndexDecoder {
  let path: String
  let tables: IndexTables
  var index = CheckpointIndex()
  var rows: RowOwnership
  var names: NameDecoder
  var log: DefectLog
  /// Tensors by row; nil where the row is broken, which only happens when the log goes on.
  var tensors: [IndexedTensor?] = []
  private var brokenCuts: Set<Int> = []

  /// The index in `tables`, of the file at `path` with its size in bytes.
  ///
  /// Throws the first defect, or the one after which nothing more can be said; defects before it are in the log.
  static func decode(
    _ tables: IndexTables, path: String, fileSize: Int, log: inout DefectLog
  ) throws(CheckpointError) -> CheckpointIndex {
    var decoder = IndexDecoder(path: path, tables: tables, log: log)
    defer { log = decoder.log }
    let before = log.errors.count
    try decoder.decodeCuts()
    try decoder.decodeTensors()
    decoder.index.coordinates = tables.coordinates
    try decoder.decodeDatasets(fileSize: fileSize)
    try decoder.rows.checkAllOwned()
    try decoder.checkOwnerMaps()
    if decoder.log.errors.count > before { throw decoder.log.errors[before] }
    decoder.index.tensors = decoder.tensors.compactMap { $0 }
    return decoder.index
  }

  private init(path: String, tables: IndexTables, log: DefectLog) {
    self.path = path
    self.tables = tables
    self.log = log
    rows = RowOwnership(path: path, tables: tables)
    names = NameDecoder(path: path, bytes: tables.names)
  }

  func broken(
    _ defect: CheckpointDefect, _ table: LayoutV1.Table, row: Int, _ expected: String, _ found: String
  ) -> CheckpointError {
    .broken(defect, path: path, table: table, row: row, expected: expected, found: found)
  }

  /// The cut that a dimension refers to; nil for one that is known to be broken.
  func cut(_ number: Int) -> IndexedCut? { brokenCuts.contains(number) ? nil : index.cuts[number] }

  private mutating func decodeCuts() throws(CheckpointError) {
    for (number, row) in tables.cuts.enumerated() {
      let parts = try rows.take(row.firstPart, row.partCount, of: .parts, for: .cuts, row: number)
      let segments = try rows.take(
        row.firstSegment, row.segmentCount, of: .segments, for: .cuts, row: number)
      do throws(CheckpointError) {
        index.cuts.append(try decodeCut(parts: parts, segments: segments))
      } catch {
        try log.note(error)
        brokenCuts.insert(number)
        index.cuts.append(IndexedCut(parts: [], partSizes: [], segments: [], size: 0))
      }
    }
  }

  private mutating func decodeCut(
    parts: Range<Int>, segments: Range<Int>
  ) throws(CheckpointError) -> IndexedCut {
    var decoded: [DimensionPart] = []
    for part in parts { decoded.append(try decodePart(part)) }
    var sizes = [Int](repeating: 0, count: parts.count)
    var list: [(part: Int, length: Int)] = []
    var size = 0
    for segment in segments {
      let (part, length) = (tables.segments[segment].part, tables.segments[segment].length)
      guard part < UInt64(parts.count), length > 0, length <= UInt64(ChannelAxis.sizeLimit - size) else {
        throw broken(
          .cutSegment, .segments, row: segment, "a part below \(parts.count) and a length",
          "\(part), \(length)")
      }
      sizes[Int(part)] += Int(length)
      size += Int(length)
      list.append((Int(part), Int(length)))
    }
    return IndexedCut(parts: decoded, partSizes: sizes, segments: list, size: size)
  }

  private mutating func decodePart(_ number: Int) throws(CheckpointError) -> DimensionPart {
    let (unit, axis) = (tables.parts[number].unit, tables.parts[number].axis)
    if unit == -1 && axis == -1 { return .common }
    guard (0..<Int64(Partition.unitLimit)).contains(unit), axis >= 0 else {
      throw broken(
        .cutPart, .parts, row: number, "a unit and its axis, or -1 twice", "unit \(unit), axis \(axis)")
    }
    let name = try names.name(at: UInt64(axis), isShared: true, for: .parts, row: number)
    return .unit(UnitID(Int(unit)), axis: AxisName(name))
  }
}
