/// One stored chunk: the place of its first element in the dataset, and of its bytes in the file.
struct StoredChunk: Sendable {
  /// The indexes of the chunk's first element, one for each dimension.
  let start: [Int]
  let offset: Int
  /// The number of stored bytes, after the filters.
  let count: Int
  /// Bit i is set if filter i was skipped.
  let mask: UInt32
}

/// The stored chunks of a dataset in the order of their places, each at most once.
struct ChunkIndex: Sendable {
  let chunks: [StoredChunk]
  /// The bytes of all chunks as stored.
  let storedBytes: Int

  init(_ context: FileContext, layout: HDF5ChunkLayout, shape: [Int]) throws(HDF5Error) {
    var builder = ChunkIndexBuilder(context: context, layout: layout, shape: shape)
    switch layout.index {
    case .none: break
    case .treeV1(let address): try builder.addTree(at: address, level: nil)
    case .treeV2(let address): try builder.addTreeV2(at: address)
    case .fixedArray(let address): try builder.addFixedArray(at: address)
    case .extensibleArray(let address): try builder.addExtensibleArray(at: address)
    case .single(let offset, let stored, let mask):
      guard zip(shape, layout.shape).allSatisfy({ $0 <= $1 }) else {
        throw context.malformed(
          "layout message", at: nil, expected: "a single chunk as large as shape \(shape)",
          found: "\(layout.shape)")
      }
      try builder.add(
        StoredChunk(start: shape.map { _ in 0 }, offset: offset, count: stored, mask: mask), at: offset)
    case .implicit(let offset): try builder.addAll(from: offset)
    }
    (chunks, storedBytes) = try builder.finish()
  }

  /// The chunks with elements in any of `rows` of the slowest dimension.
  func chunks(holding rows: Range<Int>, chunkRows: Int) -> ArraySlice<StoredChunk> {
    // The first row of a wanted chunk is before the end of `rows`, and its last row is not before their start. The
    // differences cannot overflow, because neither operand is negative.
    let low = firstIndex { rows.lowerBound - $0 < chunkRows }
    let high = firstIndex { $0 >= rows.upperBound }
    return chunks[low..<max(low, high)]
  }

  private func firstIndex(where condition: (Int) -> Bool) -> Int {
    var low = 0
    var high = chunks.count
    while low < high {
      let middle = (low + high) / 2
      if condition(chunks[middle].start.first ?? 0) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// Collects and checks the chunks of an index of any of the six kinds.
struct ChunkIndexBuilder {
  let context: FileContext
  let layout: HDF5ChunkLayout
  let shape: [Int]
  private var chunks: [StoredChunk] = []
  private var storedBytes = 0
  private var ascending = true

  init(context: FileContext, layout: HDF5ChunkLayout, shape: [Int]) {
    self.context = context
    self.layout = layout
    self.shape = shape
  }

  /// - Parameter address: the index's own address, for messages.
  mutating func add(_ chunk: StoredChunk, at address: Int) throws(HDF5Error) {
    guard zip(chunk.start, layout.shape).allSatisfy({ $0 % $1 == 0 }) else {
      throw context.malformed(
        "chunk index", at: address, expected: "places that are multiples of \(layout.shape)",
        found: "\(chunk.start)")
    }
    // A chunk outside the shape remains from a larger shape, and has no elements.
    guard zip(chunk.start, shape).allSatisfy({ $0 < $1 }) else { return }
    try context.check(offset: chunk.offset, count: chunk.count, in: "chunk")
    guard chunks.count < context.limits.chunks else {
      throw context.limit("\(context.limits.chunks) chunks", found: "more", in: "chunk index", at: address)
    }
    let (sum, overflow) = storedBytes.addingReportingOverflow(chunk.count)
    storedBytes = overflow ? Int.max : sum
    if let last = chunks.last, !last.start.lexicographicallyPrecedes(chunk.start) { ascending = false }
    chunks.append(chunk)
  }

  /// Adds a chunk by its place in the grid of chunks.
  mutating func add(
    grid place: [Int], offset: Int, count: Int, mask: UInt32, at address: Int
  ) throws(HDF5Error) {
    var start: [Int] = []
    for (number, size) in zip(place, layout.shape) {
      let (element, overflow) = number.multipliedReportingOverflow(by: size)
      // A product that overflows is larger than every shape, so the chunk is outside the dataset.
      start.append(overflow ? Int.max / size * size : element)
    }
    try add(StoredChunk(start: start, offset: offset, count: count, mask: mask), at: address)
  }

  /// The chunks in the order of their places; throws if two have the same place.
  func finish() throws(HDF5Error) -> ([StoredChunk], storedBytes: Int) {
    if ascending { return (chunks, storedBytes) }
    // Trees promise this order and arrays have another; a lookup by place needs it in both cases.
    let sorted = chunks.sorted { $0.start.lexicographicallyPrecedes($1.start) }
    for (first, second) in zip(sorted, sorted.dropFirst()) where first.start == second.start {
      throw context.malformed(
        "chunk index", at: second.offset, expected: "one chunk at \(second.start)", found: "two")
    }
    return (sorted, storedBytes)
  }
}
