// Chunk indexes that are arrays: the number of a chunk gives its place in the grid of chunks.
extension ChunkIndexBuilder {
  /// Converts chunk numbers into places in the grid. A growing dimension has no limit, so it varies slowest.
  private struct Numbering {
    /// Dimensions from slowest to fastest, and their sizes; the size of the slowest one is unused.
    private let order: [Int]
    private let sizes: [Int]

    init?(_ grid: [Int?]) {
      let growing = grid.indices.filter { grid[$0] == nil }
      guard growing.count <= 1 else { return nil }
      order = growing + grid.indices.filter { grid[$0] != nil }
      // A dimension without chunks has no numbers; 1 avoids a division by zero.
      sizes = order.map { max(1, (grid[$0] ?? nil) ?? 1) }
    }

    func place(of number: Int) -> [Int] {
      var place = order
      var rest = number
      for index in order.indices.dropFirst().reversed() {
        place[order[index]] = rest % sizes[index]
        rest /= sizes[index]
      }
      if let slowest = order.first { place[slowest] = rest }
      return place
    }
  }

  private func numbering(at address: Int) throws(HDF5Error) -> Numbering {
    guard let numbering = Numbering(layout.greatestGrid) else {
      throw context.malformed(
        "chunk index", at: address, expected: "a shape that grows along at most one dimension",
        found: "one that grows along several")
    }
    return numbering
  }

  /// The chunks of an implicit index: all chunks, one after another.
  mutating func addAll(from offset: Int) throws(HDF5Error) {
    var total = 1
    for size in layout.greatestGrid {
      let (next, overflow) = total.multipliedReportingOverflow(by: size ?? Int.max)
      total = overflow ? Int.max : next
    }
    // All chunks are in the file, so its size limits their number before the loop begins.
    let (bytes, overflow) = total.multipliedReportingOverflow(by: layout.byteCount)
    try context.check(offset: offset, count: overflow ? Int.max : bytes, in: "chunks")
    let numbering = try numbering(at: offset)
    for number in 0..<total {
      try add(
        grid: numbering.place(of: number), offset: offset + number * layout.byteCount,
        count: layout.byteCount,
        mask: 0, at: offset)
    }
  }

  mutating func addFixedArray(at address: Int) throws(HDF5Error) {
    let array = try FixedArray(context, at: address, filtered: !layout.pipeline.filters.isEmpty)
    let numbering = try numbering(at: address)
    for part in try array.parts() {
      try add(part, elements: array.elements, numbering, at: address)
    }
  }

  mutating func addExtensibleArray(at address: Int) throws(HDF5Error) {
    let array = try ExtensibleArray(context, at: address, filtered: !layout.pipeline.filters.isEmpty)
    let numbering = try numbering(at: address)
    for part in try array.parts() {
      try add(part, elements: array.elements, numbering, at: address)
    }
  }

  private mutating func add(
    _ part: ChunkArrayPart, elements: ChunkArrayElements, _ numbering: Numbering, at address: Int
  ) throws(HDF5Error) {
    var cursor = part.elements
    for index in 0..<part.count {
      let element = try elements.read(&cursor, plainCount: layout.byteCount)
      guard let element else { continue }
      try add(
        grid: numbering.place(of: part.first + index), offset: element.offset, count: element.count,
        mask: element.mask, at: address)
    }
  }
}

/// Consecutive elements of a chunk array, from one block.
struct ChunkArrayPart {
  /// The number of the first chunk.
  let first: Int
  let count: Int
  let elements: ByteCursor
}

/// The encoding of a chunk array's elements: an address, and for filtered chunks the stored size and the mask.
struct ChunkArrayElements {
  let size: Int
  private let sizeWidth: Int?

  /// - Parameter cursor: for messages, the position after the array's client and element size.
  init(client: UInt8, size: Int, filtered: Bool, _ cursor: ByteCursor) throws(HDF5Error) {
    let width = size - cursor.context.addressWidth - 4
    guard client == (filtered ? 1 : 0),
      filtered ? (1...8).contains(width) : size == cursor.context.addressWidth
    else {
      throw cursor.malformed(
        expected: filtered ? "elements of filtered chunks" : "elements of chunks without filters",
        found: "class \(client) of \(size) bytes")
    }
    self.size = size
    sizeWidth = filtered ? width : nil
  }

  /// The next element, or nil for a chunk that is not stored.
  func read(
    _ cursor: inout ByteCursor, plainCount: Int
  ) throws(HDF5Error) -> (offset: Int, count: Int, mask: UInt32)? {
    let address = try cursor.address()
    guard let sizeWidth else { return address.map { ($0, plainCount, 0) } }
    guard let address else {
      try cursor.skip(sizeWidth + 4)
      return nil
    }
    let count = try cursor.int(sizeWidth)
    return (address, count, UInt32(truncatingIfNeeded: try cursor.u32()))
  }
}
