internal import Tensors
internal import UnitModel

/// Compares the tables of sections and pages with the sections that the tensors need.
struct SectionDecoder {
  private let tables: IndexTables
  private let index: CheckpointIndex
  private let part: CheckpointPart?
  private let path: String

  init(_ tables: IndexTables, _ index: CheckpointIndex, _ part: CheckpointPart? = nil, path: String) {
    self.tables = tables
    self.index = index
    self.part = part
    self.path = path
  }

  /// Makes the map of sections. Throws if a section is not listed exactly once, or if no block needs it.
  ///
  /// - Parameter fileSize: the size of the file; nil for a file that is not written yet.
  func decode(pageBytes: Int, fileSize: Int?) throws(CheckpointError) -> SectionMap {
    let census = try SectionCensus(index, path: path, part: part)
    var numbers: [SectionKey: Int] = [:]
    for (number, key) in census.keys.enumerated() { numbers[key] = number }
    var rows = [Int](repeating: -1, count: census.keys.count)
    var addresses: [Int?] = []
    for (row, section) in tables.sections.enumerated() {
      let key = try key(section, row)
      guard let number = numbers[key], rows[number] < 0 else {
        throw broken(
          row, "a section that a tensor needs, once",
          "/\(key.path(in: index))")
      }
      guard section.bytes == UInt64(census.byteCounts[number]) else {
        throw broken(
          row, "\(census.byteCounts[number].grouped) bytes",
          "\(section.bytes.grouped)")
      }
      rows[number] = row
      addresses.append(try address(section, byteCount: census.byteCounts[number], row))
    }
    if let missing = rows.firstIndex(of: -1) {
      throw broken(
        tables.sections.count,
        "the section /\(census.keys[missing].path(in: index))",
        "none")
    }
    if let fileSize { try requireStored(census, fileSize: fileSize) }
    let map = SectionMap(index, census, rows: rows, addresses: addresses, pageBytes: pageBytes)
    guard fileSize == nil || map.pageCount == tables.pages.count else {
      throw .broken(
        .pages, path: path, place: "/\(Layout.Table.pages.path)", expected: "\(map.pageCount) checksums",
        found: "\(tables.pages.count)")
    }
    return map
  }

  private func key(_ section: SectionRow, _ row: Int) throws(CheckpointError) -> SectionKey {
    let rows = section.units
    let units =
      Int(rows.first) + Int(rows.count) <= tables.units.count && rows.count <= Partition.unitLimit
      ? tables.units[Int(rows.first)..<Int(rows.first) + Int(rows.count)].map { Int($0) } : nil
    guard let kind = SectionKey.Kind(rawValue: section.kind), let dtype = DType(rawValue: section.dtype),
      section.tensor >= -1, Int(section.tensor) < index.tensors.count, section.scope >= -1,
      Int(section.scope) < index.scopes.count, let units
    else {
      throw broken(
        row, "a known kind, tensor, scope, list of units and dtype",
        "kind \(section.kind), tensor \(section.tensor), scope \(section.scope), \(rows.count) units from row "
          + "\(rows.first), dtype \(TensorName(section.dtype).quoted)")
    }
    return SectionKey(
      kind: kind, tensor: section.tensor < 0 ? nil : Int(section.tensor),
      scope: section.scope < 0 ? nil : Int(section.scope), units: units, dtype: dtype)
  }

  private func address(
    _ section: SectionRow, byteCount: Int, _ row: Int
  ) throws(CheckpointError) -> Int? {
    if section.address == Layout.noAddress { return nil }
    guard let address = Int(exactly: section.address), byteCount > 0 else {
      throw broken(row, "an address of at least one byte", "\(section.address) for \(byteCount) bytes")
    }
    return address
  }

  /// Throws if the sections have more than 1,100 bytes for each byte of the file. Deflate makes at most 1,032 bytes
  /// from one, and reading would need memory for all of them.
  private func requireStored(_ census: SectionCensus, fileSize: Int) throws(CheckpointError) {
    let (product, overflow) = fileSize.multipliedReportingOverflow(by: 1100)
    var budget = overflow ? Int.max : product
    for (key, byteCount) in zip(census.keys, census.byteCounts) {
      guard byteCount <= budget else {
        throw .broken(
          .sectionTotal, path: path,
          place: "/\(key.path(in: index))",
          expected:
            "at most \(budget.grouped) more bytes in a file of \(fileSize.grouped) bytes",
          found: "\(byteCount.grouped)")
      }
      budget -= byteCount
    }
  }

  private func broken(_ row: Int, _ expected: String, _ found: String) -> CheckpointError {
    .broken(.section, path: path, table: .sections, row: row, expected: expected, found: found)
  }
}
