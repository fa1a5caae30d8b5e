/// Reads names from the table of names, where each name is UTF-8 after its length.
struct NameDecoder {
  private let path: String
  private let bytes: [UInt8]
  /// The number of bytes that no name has used. Without this limit, names with shared bytes could make a small table
  /// expand.
  private var unused: Int
  private var shared: [UInt32: String] = [:]
  /// The bytes of each name, and the first row that refers to it.
  private var used: [(bytes: Range<Int>, table: Layout.Table, row: Int)] = []

  init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
    unused = bytes.count
  }

  /// The name at an offset.
  ///
  /// - Parameter isShared: whether several rows may refer to the name, for example levels of several tasks.
  mutating func name(
    at offset: UInt32, isShared: Bool, for table: Layout.Table, row: Int
  ) throws(CheckpointError) -> String {
    if isShared, let known = shared[offset] { return known }
    func broken(_ defect: CheckpointDefect, _ expected: String, _ found: String) -> CheckpointError {
      .broken(defect, path: path, table: table, row: row, expected: expected, found: found)
    }
    let expected = "a name inside the \(bytes.count) bytes of \(Layout.Table.names.path)"
    guard Int(offset) <= bytes.count, bytes.count - Int(offset) >= 4 else {
      throw broken(.nameRange, expected, "offset \(offset)")
    }
    let start = Int(offset) + 4
    let length = (0..<4).reduce(0) { $0 | Int(bytes[Int(offset) + $1]) << (8 * $1) }
    guard length <= bytes.count - start else {
      throw broken(.nameRange, expected, "\(length) bytes at offset \(start)")
    }
    guard 4 + length <= unused else {
      throw broken(.nameOverlap, "names without shared bytes", "shared bytes")
    }
    unused -= 4 + length
    used.append((start - 4..<start + length, table, row))
    guard let text = String(validating: bytes[start..<start + length], as: UTF8.self) else {
      throw broken(.nameText, "a UTF-8 name", "\(length) bytes that are not UTF-8")
    }
    if isShared { shared[offset] = text }
    return text
  }

  /// Checks that no two names share bytes.
  func requireApart() throws(CheckpointError) {
    let ordered = used.sorted { $0.bytes.lowerBound < $1.bytes.lowerBound }
    for (one, next) in zip(ordered, ordered.dropFirst())
    where next.bytes.lowerBound < one.bytes.upperBound {
      throw .broken(
        .nameOverlap, path: path, table: next.table, row: next.row, expected: "names without shared bytes",
        found: "shared bytes")
    }
  }
}
