/// The chunk index of shapes that grow along one dimension: blocks of growing size.
///
/// The index block holds the first elements. It points to data blocks with the next ones, and to secondary blocks that
/// point to data blocks with the rest. Level u has 2^(u/2) data blocks of 2^((u+1)/2) times the least size.
struct ExtensibleArray {
  let elements: ChunkArrayElements
  private let context: FileContext
  private let address: Int
  private let indexElements: Int
  private let leastElements: Int
  private let leastPointers: Int
  private let countBits: Int
  private let pageBits: Int
  /// The largest chunk number in use, plus one.
  private let used: Int
  private let indexBlock: Int?

  init(_ context: FileContext, at address: Int, filtered: Bool) throws(HDF5Error) {
    let room = 4 + 1 + 1 + 6 + 6 * context.lengthWidth + context.addressWidth + 4
    var cursor = try context.cursor(at: address, count: room, in: "extensible array")
    try cursor.signature("EAHD")
    _ = try cursor.version(0...0)
    let client = try cursor.u8()
    elements = try ChunkArrayElements(client: client, size: Int(cursor.u8()), filtered: filtered, cursor)
    countBits = Int(try cursor.u8())
    indexElements = Int(try cursor.u8())
    leastElements = Int(try cursor.u8())
    leastPointers = Int(try cursor.u8())
    pageBits = Int(try cursor.u8())
    // Skips counts and sizes of secondary and data blocks.
    try cursor.skip(4 * context.lengthWidth)
    used = try cursor.length()
    try cursor.skip(context.lengthWidth)
    indexBlock = try cursor.address()
    try cursor.checksum()
    func isPowerOfTwo(_ value: Int) -> Bool { value > 0 && value & (value - 1) == 0 }
    guard isPowerOfTwo(leastElements), isPowerOfTwo(leastPointers), leastPointers > 1, countBits <= 62,
      countBits >= leastElements.trailingZeroBitCount, pageBits <= 32, used <= context.limits.chunks
    else {
      throw cursor.malformed(
        expected: "an array of growing blocks",
        found: "\(leastElements) elements, \(leastPointers) pointers, \(countBits) bits, \(used) in use")
    }
    self.context = context
    self.address = address
  }

  private var prefix: Int { 4 + 1 + 1 + context.addressWidth }
  private var offsetWidth: Int { (countBits + 7) / 8 }

  private func header(_ cursor: inout ByteCursor, _ signature: StaticString) throws(HDF5Error) {
    try cursor.signature(signature)
    _ = try cursor.version(0...0)
    try cursor.skip(1)
    let owner = try cursor.address()
    guard owner == address else {
      throw cursor.malformed(
        expected: "a block of the array at \(address)",
        found: owner.map { "a block of the array at \($0)" } ?? "a block of no array")
    }
  }

  /// The stored parts of the array, in order.
  func parts() throws(HDF5Error) -> [ChunkArrayPart] {
    guard let indexBlock, used > 0 else { return [] }
    let levels = 1 + countBits - leastElements.trailingZeroBitCount
    let directLevels = min(levels, 2 * leastPointers.trailingZeroBitCount)
    let pointers = 2 * (leastPointers - 1)
    let secondary = levels - directLevels
    let size = prefix + indexElements * elements.size + (pointers + secondary) * context.addressWidth + 4
    var cursor = try context.cursor(at: indexBlock, count: size, in: "extensible array index block")
    try header(&cursor, "EAIB")
    let content = try cursor.part(indexElements * elements.size)
    var addresses = try cursor.part((pointers + secondary) * context.addressWidth)
    try cursor.checksum()
    var parts = [ChunkArrayPart(first: 0, count: min(used, indexElements), elements: content)]
    var first = indexElements
    for level in 0..<levels where first < used {
      let blocks = 1 << (level / 2)
      let inBlock = leastElements << ((level + 1) / 2)
      if level < directLevels {
        for _ in 0..<blocks {
          let block = try addresses.address()
          if let block, first < used {
            guard inBlock <= 1 << pageBits else { throw cursor.unsupported("pages below an index block") }
            parts.append(try dataBlock(at: block, first: first, count: inBlock))
          }
          first += inBlock
        }
      } else {
        let block = try addresses.address()
        if let block {
          parts += try secondaryBlock(at: block, first: first, blocks: blocks, inBlock: inBlock)
        }
        // Both are powers of two whose product is at most 2^62.
        first += blocks * inBlock
      }
    }
    return parts
  }

  private func secondaryBlock(
    at block: Int, first: Int, blocks: Int, inBlock: Int
  ) throws(HDF5Error) -> [ChunkArrayPart] {
    let pages = inBlock > 1 << pageBits ? inBlock >> pageBits : 0
    let bitmap = (pages + 7) / 8
    let size = prefix + offsetWidth + blocks * (bitmap + context.addressWidth) + 4
    var cursor = try context.cursor(at: block, count: size, in: "extensible array secondary block")
    try header(&cursor, "EASB")
    try cursor.skip(offsetWidth)
    var bitmaps = try cursor.part(blocks * bitmap)
    var addresses = try cursor.part(blocks * context.addressWidth)
    try cursor.checksum()
    var parts: [ChunkArrayPart] = []
    for index in 0..<blocks {
      let start = first + index * inBlock
      let present = try bitmaps.take(bitmap)
      guard let address = try addresses.address(), start < used else { continue }
      if pages == 0 {
        parts.append(try dataBlock(at: address, first: start, count: inBlock))
      } else {
        parts += try self.pages(of: address, first: start, pages: pages, present: present)
      }
    }
    return parts
  }

  private func dataBlock(at block: Int, first: Int, count: Int) throws(HDF5Error) -> ChunkArrayPart {
    let size = prefix + offsetWidth + count * elements.size + 4
    var cursor = try context.cursor(at: block, count: size, in: "extensible array data block")
    try header(&cursor, "EADB")
    try cursor.skip(offsetWidth)
    let content = try cursor.part(count * elements.size)
    try cursor.checksum()
    return ChunkArrayPart(first: first, count: min(count, used - first), elements: content)
  }

  /// The used pages of a long data block, which follow the block's header and its checksum.
  private func pages(
    of block: Int, first: Int, pages: Int, present: [UInt8]
  ) throws(HDF5Error) -> [ChunkArrayPart] {
    var cursor = try context.cursor(
      at: block, count: prefix + offsetWidth + 4, in: "extensible array data block")
    try header(&cursor, "EADB")
    try cursor.skip(offsetWidth)
    try cursor.checksum()
    let inPage = 1 << pageBits
    var parts: [ChunkArrayPart] = []
    for page in 0..<pages
    where present[page / 8] & 0x80 >> UInt8(page % 8) != 0 && first + page * inPage < used {
      let start = first + page * inPage
      let place = cursor.offset + page * (inPage * elements.size + 4)
      var cursor = try context.cursor(
        at: place, count: inPage * elements.size + 4, in: "extensible array page")
      let content = try cursor.part(inPage * elements.size)
      try cursor.checksum()
      parts.append(ChunkArrayPart(first: start, count: min(inPage, used - start), elements: content))
    }
    return parts
  }
}
