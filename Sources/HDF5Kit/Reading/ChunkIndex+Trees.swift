// Chunk indexes that are B-trees: each key contains the place of its chunk.
extension ChunkIndexBuilder {
  /// The tree before HDF5 1.10. A key has the stored size, the filter mask, the indexes of the chunk's first element,
  /// and a zero for the byte inside that element.
  mutating func addTree(at address: Int, level: Int?) throws(HDF5Error) {
    var visited = VisitedNodes()
    try addTree(at: address, level: level, &visited)
  }

  private mutating func addTree(
    at address: Int, level: Int?, _ visited: inout VisitedNodes
  ) throws(HDF5Error) {
    try visited.enter(address, context)
    let keySize = 8 + 8 * (shape.count + 1)
    let node = try BTreeV1Node(context, at: address, kind: .chunks, keySize: keySize, level: level)
    for index in 0..<node.childCount {
      let child = try node.child(index)
      if node.level > 0 {
        try addTree(at: child, level: node.level - 1, &visited)
        continue
      }
      var key = try node.key(index)
      let count = try key.u32()
      let mask = UInt32(truncatingIfNeeded: try key.u32())
      var start: [Int] = []
      for _ in shape { start.append(try key.int(8)) }
      let firstByte = try key.unsigned(8)
      guard firstByte == 0 else {
        throw key.malformed(
          expected: "a chunk that starts at byte 0 of an element", found: "byte \(firstByte)")
      }
      try add(StoredChunk(start: start, offset: child, count: count, mask: mask), at: address)
    }
  }

  /// The tree since HDF5 1.10, for shapes that grow along several dimensions. A record has the address, for filtered
  /// chunks the stored size and mask, and the place in the grid of chunks.
  mutating func addTreeV2(at address: Int) throws(HDF5Error) {
    let filtered = !layout.pipeline.filters.isEmpty
    let tree = try BTreeV2(context, at: address, type: filtered ? 11 : 10)
    let placeSize = context.addressWidth + 8 * shape.count + (filtered ? 4 : 0)
    let sizeWidth = tree.recordSize - placeSize
    guard filtered ? (1...8).contains(sizeWidth) : sizeWidth == 0 else {
      throw context.malformed(
        "B-tree", at: address, expected: "records of about \(placeSize) bytes", found: "\(tree.recordSize)")
    }
    let rank = shape.count
    // Collected first, because the closure must not change this builder while the tree is read.
    var found: [(place: [Int], offset: Int, count: Int, mask: UInt32)] = []
    let (plainCount, limit, context) = (layout.byteCount, self.context.limits.chunks, self.context)
    try tree.forEach { record throws(HDF5Error) in
      guard found.count < limit else {
        throw context.limit("\(limit) chunks", found: "more", in: "chunk index", at: address)
      }
      var record = record
      let offset = try record.definedAddress(of: "a chunk")
      let count = filtered ? try record.int(sizeWidth) : plainCount
      let mask = filtered ? UInt32(truncatingIfNeeded: try record.u32()) : 0
      var place: [Int] = []
      for _ in 0..<rank { place.append(try record.int(8)) }
      found.append((place, offset, count, mask))
    }
    for chunk in found {
      try add(grid: chunk.place, offset: chunk.offset, count: chunk.count, mask: chunk.mask, at: address)
    }
  }
}
