/// The chunk index of shapes that cannot grow: an array of chunk addresses, in pages when it is long.
struct FixedArray {
  let elements: ChunkArrayElements
  private let context: FileContext
  private let address: Int
  private let count: Int
  private let pageBits: Int
  private let block: Int?

  init(_ context: FileContext, at address: Int, filtered: Bool) throws(HDF5Error) {
    let room = 4 + 1 + 1 + 1 + 1 + context.lengthWidth + context.addressWidth + 4
    var cursor = try context.cursor(at: address, count: room, in: "fixed array")
    try cursor.signature("FAHD")
    _ = try cursor.version(0...0)
    let client = try cursor.u8()
    elements = try ChunkArrayElements(client: client, size: Int(cursor.u8()), filtered: filtered, cursor)
    pageBits = Int(try cursor.u8())
    count = try cursor.length()
    block = try cursor.address()
    try cursor.checksum()
    guard pageBits <= 32, count <= context.limits.chunks else {
      throw cursor.malformed(
        expected: "at most \(context.limits.chunks) chunks in pages of at most 2^32",
        found: "\(count), 2^\(pageBits)")
    }
    self.context = context
    self.address = address
  }

  /// The stored parts of the array, in order.
  func parts() throws(HDF5Error) -> [ChunkArrayPart] {
    guard let block else { return [] }
    let prefix = 4 + 1 + 1 + context.addressWidth
    let pageCount = 1 << pageBits
    let pages = count > pageCount ? (count + pageCount - 1) / pageCount : 0
    let bitmap = (pages + 7) / 8
    let inBlock = pages == 0 ? count * elements.size : 0
    var cursor = try context.cursor(at: block, count: prefix + bitmap + inBlock + 4, in: "fixed array block")
    try cursor.signature("FADB")
    _ = try cursor.version(0...0)
    try cursor.skip(1)
    let owner = try cursor.address()
    guard owner == address else {
      throw cursor.malformed(
        expected: "a block of the array at \(address)",
        found: owner.map { "a block of the array at \($0)" } ?? "a block of no array")
    }
    let present = try cursor.take(bitmap)
    let content = try cursor.part(inBlock)
    try cursor.checksum()
    if pages == 0 { return [ChunkArrayPart(first: 0, count: count, elements: content)] }
    var parts: [ChunkArrayPart] = []
    // The bitmap marks the pages that were used; its first bit is the highest one.
    for page in 0..<pages where present[page / 8] & 0x80 >> UInt8(page % 8) != 0 {
      let first = page * pageCount
      let inPage = min(pageCount, count - first)
      let place = cursor.offset + page * (pageCount * elements.size + 4)
      var cursor = try context.cursor(at: place, count: inPage * elements.size + 4, in: "fixed array page")
      let content = try cursor.part(inPage * elements.size)
      try cursor.checksum()
      parts.append(ChunkArrayPart(first: first, count: inPage, elements: content))
    }
    return parts
  }
}
