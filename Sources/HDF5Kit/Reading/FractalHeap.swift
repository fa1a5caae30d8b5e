/// The storage of the messages of dense groups and dense attributes: blocks of doubling size in a table of rows.
///
/// Rows 0 and 1 have blocks of the starting size; each later row has blocks of twice the size of the row before. Rows
/// with blocks larger than the largest direct block have tables of the same kind instead.
final class FractalHeap: Sendable {
  let context: FileContext
  let address: Int
  /// Bytes of an object's identifier.
  let idLength: Int
  /// Whether direct blocks carry a checksum.
  let checksDirectBlocks: Bool
  /// The B-tree of objects too large for a block.
  let hugeTree: Int?
  let table: DoublingTable
  private let root: Int?
  /// Rows of the root table; 0 when the root is one direct block.
  private let rootRows: Int
  private let offsetWidth: Int
  private let sizeWidth: Int

  init(_ context: FileContext, at address: Int) throws(HDF5Error) {
    let (lengthWidth, addressWidth) = (context.lengthWidth, context.addressWidth)
    let room = 4 + 1 + 2 + 2 + 1 + 4 + 12 * lengthWidth + 3 * addressWidth + 2 + 2 + 2 + 2 + 4
    var cursor = try context.cursor(at: address, count: room, in: "fractal heap")
    try cursor.signature("FRHP")
    _ = try cursor.version(0...0)
    idLength = try cursor.u16()
    guard try cursor.u16() == 0 else { throw cursor.unsupported("a filtered fractal heap") }
    checksDirectBlocks = try cursor.u8() & 2 != 0
    let greatestManaged = try cursor.u32()
    // Skips the next huge identifier.
    try cursor.skip(lengthWidth)
    hugeTree = try cursor.address()
    // Skips free space (amount, manager), managed space (amount, allocated, iterator, count), and sizes and counts of
    // huge and tiny objects.
    try cursor.skip(lengthWidth + addressWidth + 8 * lengthWidth)
    let width = try cursor.u16()
    let starting = try cursor.length()
    let greatest = try cursor.length()
    let bits = try cursor.u16()
    try cursor.skip(2)
    root = try cursor.address()
    rootRows = try cursor.u16()
    try cursor.checksum()
    guard
      let table = DoublingTable(width: width, startingBlock: starting, greatestBlock: greatest, bits: bits),
      rootRows <= table.greatestRows
    else {
      throw cursor.malformed(
        expected: "a table of doubling blocks",
        found: "width \(width), blocks of \(starting) to \(greatest), \(bits) bits, \(rootRows) rows")
    }
    self.table = table
    self.context = context
    self.address = address
    offsetWidth = (bits + 7) / 8
    // Wide enough for any length within both limits.
    let blockBits = greatest.trailingZeroBitCount
    let managedBits = Int.bitWidth - max(1, greatestManaged).leadingZeroBitCount - 1
    sizeWidth = max(1, min((blockBits + 7) / 8, managedBits / 8 + 1))
  }

  /// The object with that identifier.
  func object(_ id: [UInt8]) throws(HDF5Error) -> ByteCursor {
    var cursor = ByteCursor(
      context: context, structure: "fractal heap identifier", bytes: id, origin: address)
    let first = try cursor.u8()
    guard first & 0xC0 == 0 else { throw cursor.unsupported("fractal heap identifier version \(first >> 6)") }
    switch first >> 4 & 3 {
    case 0:
      return try managed(offset: cursor.int(offsetWidth), count: cursor.int(sizeWidth))
    case 1: return try huge(&cursor)
    case 2:
      // The length takes four bits in identifiers of up to 18 bytes, twelve bits in longer ones.
      let count = idLength <= 18 ? Int(first & 0x0F) + 1 : Int(first & 0x0F) << 8 + Int(try cursor.u8()) + 1
      return try cursor.part(count)
    default: throw cursor.malformed(expected: "a managed, huge or tiny object", found: "type 3")
    }
  }

  private func managed(offset: Int, count: Int) throws(HDF5Error) -> ByteCursor {
    guard var block = root else {
      throw context.malformed(
        "fractal heap", at: address, expected: "a block for an object", found: "no root block")
    }
    var rows = rootRows
    var rest = offset
    while rows > 0 {
      guard let place = table.place(of: rest), place.row < rows else {
        throw context.malformed(
          "fractal heap", at: block, expected: "an object within \(rows) rows", found: "offset \(offset)")
      }
      guard let child = try child(of: block, rows: rows, entry: place.row * table.width + place.column) else {
        throw context.malformed(
          "fractal heap", at: block, expected: "the block at row \(place.row)", found: "the undefined address"
        )
      }
      block = child
      rest = place.rest
      if place.row < table.directRows {
        return try part(of: block, size: table.blockSize(row: place.row), at: rest, count: count)
      }
      // A table inside a table has fewer rows, so the loop ends.
      rows = table.rows(spanning: table.blockSize(row: place.row))
    }
    return try part(of: block, size: table.startingBlock, at: rest, count: count)
  }

  private func child(of block: Int, rows: Int, entry: Int) throws(HDF5Error) -> Int? {
    let header = 4 + 1 + context.addressWidth + offsetWidth
    let count = header + rows * table.width * context.addressWidth + 4
    var cursor = try context.cursor(at: block, count: count, in: "fractal heap table")
    try checkHeader(&cursor, signature: "FHIB")
    var entries = try cursor.part(rows * table.width * context.addressWidth)
    try context.once(.init(heap: address, block: block)) { () throws(HDF5Error) in try cursor.checksum() }
    try entries.skip(entry * context.addressWidth)
    return try entries.address()
  }

  private func part(of block: Int, size: Int, at offset: Int, count: Int) throws(HDF5Error) -> ByteCursor {
    let header = 4 + 1 + context.addressWidth + offsetWidth + (checksDirectBlocks ? 4 : 0)
    guard offset >= header, offset <= size, count <= size - offset else {
      throw context.malformed(
        "fractal heap block", at: block, expected: "an object within its \(size) bytes",
        found: "\(count) bytes at \(offset)")
    }
    try context.once(.init(heap: address, block: block)) { () throws(HDF5Error) in
      var cursor = try context.cursor(at: block, count: size, in: "fractal heap block")
      try checkHeader(&cursor, signature: "FHDB")
      if checksDirectBlocks { try cursor.checksumInside() }
    }
    return try context.cursor(at: block + offset, count: count, in: "fractal heap object")
  }

  private func checkHeader(_ cursor: inout ByteCursor, signature: StaticString) throws(HDF5Error) {
    try cursor.signature(signature)
    _ = try cursor.version(0...0)
    let owner = try cursor.address()
    guard owner == address else {
      throw cursor.malformed(
        expected: "a block of the heap at \(address)",
        found: owner.map { "a block of the heap at \($0)" } ?? "a block of no heap")
    }
    try cursor.skip(offsetWidth)
  }

  /// An object outside the heap's blocks, found by its number through a B-tree.
  private func huge(_ id: inout ByteCursor) throws(HDF5Error) -> ByteCursor {
    guard id.remaining < context.addressWidth + context.lengthWidth, let hugeTree else {
      throw id.unsupported("a huge object with its address in the identifier")
    }
    let number = try id.unsigned(min(id.remaining, context.lengthWidth))
    var found: (offset: Int, count: Int)?
    let tree = try BTreeV2(context, at: hugeTree, type: 1)
    try tree.forEach { record throws(HDF5Error) in
      var record = record
      let offset = try record.definedAddress(of: "a huge object")
      let count = try record.length()
      if try record.unsigned(context.lengthWidth) == number { found = (offset, count) }
    }
    guard let found else {
      throw id.malformed(expected: "huge object \(number)", found: "none of that number")
    }
    return try context.cursor(at: found.offset, count: found.count, in: "huge object")
  }
}
