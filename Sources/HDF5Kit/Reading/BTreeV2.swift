/// A B-tree of version 2: sorted records of one size, in nodes with checksums.
struct BTreeV2: Sendable {
  private let context: FileContext
  private let type: UInt8
  let recordSize: Int
  private let depth: Int
  private let root: Int?
  private let rootCount: Int
  private let total: Int
  /// The width of a child's record count and, for each level, of the child's total record count; in bytes.
  private let countWidth: Int
  private let totalWidths: [Int]

  init(_ context: FileContext, at address: Int, type: UInt8) throws(HDF5Error) {
    let room = 4 + 1 + 1 + 4 + 2 + 2 + 1 + 1 + context.addressWidth + 2 + context.lengthWidth + 4
    var cursor = try context.cursor(at: address, count: room, in: "B-tree")
    try cursor.signature("BTHD")
    _ = try cursor.version(0...0)
    let found = try cursor.u8()
    guard found == type else {
      throw cursor.malformed(expected: "records of type \(type)", found: "\(found)")
    }
    let nodeSize = try cursor.u32()
    recordSize = try cursor.u16()
    depth = try cursor.u16()
    // The percentages at which nodes split and merge.
    try cursor.skip(2)
    root = try cursor.address()
    rootCount = try cursor.u16()
    total = try cursor.length()
    try cursor.checksum()
    guard depth < context.limits.treeDepth else {
      throw context.limit(
        "\(context.limits.treeDepth) levels", found: "\(depth + 1)", in: "B-tree", at: address)
    }
    guard recordSize > 0, nodeSize >= 10 + recordSize else {
      throw cursor.malformed(
        expected: "nodes that hold a record", found: "\(nodeSize) bytes for records of \(recordSize)")
    }
    let widths = Self.widths(nodeSize: nodeSize, recordSize: recordSize, depth: depth, context)
    guard let widths else {
      throw cursor.malformed(expected: "nodes that hold a child", found: "nodes of \(nodeSize) bytes")
    }
    (countWidth, totalWidths) = widths
    self.context = context
    self.type = type
  }

  /// Calls `body` for each record in order. With `order`, only for records for which `order` returns 0.
  ///
  /// - Parameter order: negative for a record before the wanted ones, positive for a record after them. Parts of the
  ///   tree without wanted records are skipped.
  func forEach(
    order: ((ByteCursor) throws(HDF5Error) -> Int)? = nil,
    _ body: (ByteCursor) throws(HDF5Error) -> Void
  ) throws(HDF5Error) {
    guard let root, total > 0 else { return }
    var visited = VisitedNodes()
    var seen = 0
    try forEach(at: root, count: rootCount, level: depth, &visited, &seen, order, body)
    guard order != nil || seen == total else {
      throw context.malformed("B-tree", at: root, expected: "\(total) records", found: "\(seen)")
    }
  }

  private func forEach(
    at address: Int, count: Int, level: Int, _ visited: inout VisitedNodes, _ seen: inout Int,
    _ order: ((ByteCursor) throws(HDF5Error) -> Int)?, _ body: (ByteCursor) throws(HDF5Error) -> Void
  ) throws(HDF5Error) {
    try visited.enter(address, context)
    let pointer = level == 0 ? 0 : context.addressWidth + countWidth + totalWidths[level - 1]
    let children = level == 0 ? 0 : count + 1
    // A count has up to 8 bytes, so its products can overflow; the file's size limits them.
    let (records, overflow) = count.multipliedReportingOverflow(by: recordSize)
    guard !overflow, records <= context.source.size, count <= context.source.size else {
      throw context.malformed(
        "B-tree node", at: address, expected: "records within the file", found: "\(count)")
    }
    var cursor = try context.cursor(
      at: address, count: 6 + records + children * pointer + 4, in: "B-tree node")
    try cursor.signature(level == 0 ? "BTLF" : "BTIN")
    _ = try cursor.version(0...0)
    let found = try cursor.u8()
    guard found == type else {
      throw cursor.malformed(expected: "records of type \(type)", found: "\(found)")
    }
    var recordArea = try cursor.part(records)
    var childArea = try cursor.part(children * pointer)
    try cursor.checksum()
    seen += count
    guard seen <= total else {
      throw context.malformed("B-tree", at: address, expected: "\(total) records", found: "more")
    }
    var before = 0
    for index in 0...count {
      let record = index < count ? try recordArea.part(recordSize) : nil
      var place = 1
      if let record { place = try order?(record) ?? 0 }
      if level > 0 {
        let child = try childArea.definedAddress(of: "a B-tree node's child")
        let childCount = try childArea.int(countWidth)
        try childArea.skip(totalWidths[level - 1])
        // The child's records are between the previous record and this one.
        if before <= 0, place >= 0 {
          try forEach(at: child, count: childCount, level: level - 1, &visited, &seen, order, body)
        }
      }
      if let record, place == 0 { try body(record) }
      before = place
    }
  }

  /// The widths of the counts in bytes; they follow from the number of records that a node can hold.
  ///
  /// - Returns: nil if a node of some level cannot hold a child.
  private static func widths(
    nodeSize: Int, recordSize: Int, depth: Int, _ context: FileContext
  ) -> (count: Int, totals: [Int])? {
    func bytes(_ limit: Int) -> Int { (Int.bitWidth - max(1, limit).leadingZeroBitCount - 1) / 8 + 1 }
    let leaf = (nodeSize - 10) / recordSize
    let count = bytes(leaf)
    var greatest = leaf
    // A leaf's total equals its count and is not stored.
    var totals = [0]
    for _ in 0..<depth {
      let pointer = context.addressWidth + count + (totals.last ?? 0)
      guard nodeSize - 10 > pointer else { return nil }
      let own = (nodeSize - 10 - pointer) / (recordSize + pointer)
      // A number beyond Int takes eight bytes too.
      let (product, overflow) = (own + 1).multipliedReportingOverflow(by: greatest)
      let (sum, more) = product.addingReportingOverflow(own)
      greatest = overflow || more ? Int.max : sum
      totals.append(bytes(greatest))
    }
    return (count, totals)
  }
}
