/// One stored chunk: its first element's place in the dataset, and its bytes' place in the file.
struct StoredChunk: Sendable {
  /// Element indexes of the chunk's first element, one per dimension.
  let start: [Int]
  let offset: Int
  /// Bytes as stored, after the filters.
  let count: Int
  /// Bit i set: filter i was skipped.
  let mask: UInt32
}

/// The stored chunks of a dataset in the order of their places, each at most once.
struct ChunkIndex: Sendable {
  let chunks: [StoredChunk]
  /// The bytes of all chunks as stored.
  let storedBytes: Int

  init(_ context: FileContext, layout: HDF5ChunkLayout, shape: [Int]) throws(HDF5Error) {
    var builder = Builder(context: context, layout: layout, shape: shape)
    switch layout.index {
    case .none: break
    case .treeV1(let address): try builder.addTree(at: address, level: nil)
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
    chunks = builder.chunks
    storedBytes = builder.storedBytes
  }

  /// The chunks that hold some of the rows `rows` of the slowest dimension.
  func chunks(holding rows: Range<Int>, chunkRows: Int) -> ArraySlice<StoredChunk> {
    // A chunk's first row is at most the last wanted one, and its last row at least the first.
    let low = firstIndex { $0 + chunkRows > rows.lowerBound }
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

extension ChunkIndex {
  private struct Builder {
    let context: FileContext
    let layout: HDF5ChunkLayout
    let shape: [Int]
    var chunks: [StoredChunk] = []
    var storedBytes = 0
    var visited = VisitedNodes()
    var last: [Int]?

    /// The key of a chunk: stored size, filter mask, the first element's indexes and a zero for the element.
    private var keySize: Int { 8 + 8 * (shape.count + 1) }

    mutating func addTree(at address: Int, level: Int?) throws(HDF5Error) {
      try visited.enter(address, context)
      let node = try BTreeV1Node(context, at: address, kind: .chunks, keySize: keySize, level: level)
      for index in 0..<node.childCount {
        let child = try node.child(index)
        if node.level > 0 {
          try addTree(at: child, level: node.level - 1)
          continue
        }
        var key = try node.key(index)
        let count = try key.u32()
        let mask = UInt32(truncatingIfNeeded: try key.u32())
        var start: [Int] = []
        for _ in shape { start.append(try key.int(8)) }
        guard try key.unsigned(8) == 0 else {
          throw key.malformed(
            expected: "a chunk that starts at an element's first byte", found: "another place")
        }
        try add(StoredChunk(start: start, offset: child, count: count, mask: mask), at: address)
      }
    }

    mutating func add(_ chunk: StoredChunk, at address: Int) throws(HDF5Error) {
      guard zip(chunk.start, layout.shape).allSatisfy({ $0 % $1 == 0 }) else {
        throw context.malformed(
          "chunk index", at: address, expected: "places that are multiples of \(layout.shape)",
          found: "\(chunk.start)")
      }
      if let last, !last.lexicographicallyPrecedes(chunk.start) {
        throw context.malformed(
          "chunk index", at: address, expected: "chunks in ascending order",
          found: "\(chunk.start) after \(last)")
      }
      last = chunk.start
      // A chunk wholly outside a dataset that shrank holds nothing any more.
      guard zip(chunk.start, shape).allSatisfy({ $0 < $1 }) else { return }
      try context.check(offset: chunk.offset, count: chunk.count, in: "chunk")
      guard chunks.count < context.limits.chunks else {
        throw context.limit("\(context.limits.chunks) chunks", found: "more", in: "chunk index", at: address)
      }
      let (sum, overflow) = storedBytes.addingReportingOverflow(chunk.count)
      storedBytes = overflow ? Int.max : sum
      chunks.append(chunk)
    }

    mutating func addAll(from offset: Int) throws(HDF5Error) {
      guard !shape.contains(0) else { return }
      let grid = zip(shape, layout.shape).map { ($0 - 1) / $1 + 1 }
      // All chunks are in the file, so that their number is bounded by its size before the loop begins.
      var total = 1
      for size in grid {
        let (next, overflow) = total.multipliedReportingOverflow(by: size)
        total = overflow ? Int.max : next
      }
      let (bytes, overflow) = total.multipliedReportingOverflow(by: layout.byteCount)
      try context.check(offset: offset, count: overflow ? Int.max : bytes, in: "chunks")
      for number in 0..<total {
        var rest = number
        var start = shape
        for dimension in grid.indices.reversed() {
          start[dimension] = rest % grid[dimension] * layout.shape[dimension]
          rest /= grid[dimension]
        }
        try add(
          StoredChunk(
            start: start, offset: offset + number * layout.byteCount, count: layout.byteCount, mask: 0),
          at: offset)
      }
    }
  }
}
