extension HDF5ChunkLayout {
  /// Reads the chunked class of a layout message, for a dataset of known shape and element size.
  struct Decoder {
    let dataspace: HDF5Dataspace
    let elementSize: Int
    let pipeline: HDF5FilterPipeline

    /// Version 3: rank + 1, the address of a B-tree, and sizes; the last size is that of an element in bytes.
    func version3(_ cursor: inout ByteCursor) throws(HDF5Error) -> HDF5ChunkLayout {
      let rank = Int(try cursor.u8())
      let address = try cursor.address()
      return try layout(&cursor, rank: rank, index: address.map { .treeV1($0) } ?? .none)
    }

    /// Reads `rank` sizes, the last of which is the element's. Before version 4 each size has four bytes.
    func layout(
      _ cursor: inout ByteCursor, rank: Int, index: Index, width: Int = 4
    ) throws(HDF5Error) -> HDF5ChunkLayout {
      let start = cursor
      guard rank == dataspace.shape.count + 1, rank > 1 else {
        throw start.malformed(
          expected: "chunks of \(dataspace.shape.count) dimensions and an element size",
          found: "\(rank) numbers")
      }
      var shape: [Int] = []
      for _ in 0..<rank { shape.append(try cursor.int(width)) }
      let storedSize = shape.removeLast()
      guard storedSize == elementSize else {
        throw start.malformed(
          expected: "chunks of \(elementSize)-byte elements", found: "\(storedSize)-byte elements")
      }
      var byteCount = elementSize
      for size in shape {
        let (next, overflow) = byteCount.multipliedReportingOverflow(by: size)
        // The format stores a chunk's size in 32 bits.
        guard size > 0, !overflow, next <= 0xFFFF_FFFF else {
          throw start.malformed(expected: "chunks of 1 to 2^32 − 1 bytes", found: "shape \(shape)")
        }
        byteCount = next
      }
      let grid = zip(dataspace.greatestShape, shape).map { greatest, size in
        // Rounded up, without a sum that could overflow.
        greatest.map { $0 / size + ($0 % size == 0 ? 0 : 1) }
      }
      return HDF5ChunkLayout(
        shape: shape, greatestGrid: grid, byteCount: byteCount, index: index, pipeline: pipeline)
    }

    /// Version 4 (low bound 1.10, five kinds of index) and version 5 (HDF5 2.0).
    ///
    /// They differ only in the number of bytes that an index uses for a size; each index states this number.
    func version4(_ cursor: inout ByteCursor) throws(HDF5Error) -> HDF5ChunkLayout {
      let flags = try cursor.u8()
      let rank = Int(try cursor.u8())
      let width = Int(try cursor.u8())
      guard (1...8).contains(width) else {
        throw cursor.malformed(expected: "chunk sizes of 1 to 8 bytes", found: "\(width)")
      }
      if flags & 1 != 0, !pipeline.filters.isEmpty {
        throw cursor.unsupported("unfiltered chunks at the edge")
      }
      let plain = try layout(&cursor, rank: rank, index: .none, width: width)
      let index = try index(&cursor, flags: flags, byteCount: plain.byteCount)
      return HDF5ChunkLayout(
        shape: plain.shape, greatestGrid: plain.greatestGrid, byteCount: plain.byteCount, index: index,
        pipeline: pipeline)
    }

    private func index(_ cursor: inout ByteCursor, flags: UInt8, byteCount: Int) throws(HDF5Error) -> Index {
      switch try cursor.u8() {
      case 1:
        let filtered = flags & 2 != 0
        let stored = filtered ? try cursor.length() : byteCount
        let mask = filtered ? UInt32(truncatingIfNeeded: try cursor.u32()) : 0
        return try cursor.address().map { .single(offset: $0, stored: stored, mask: mask) } ?? .none
      case 2:
        guard pipeline.filters.isEmpty else {
          throw cursor.malformed(expected: "no filters with an implicit chunk index", found: "some")
        }
        return try cursor.address().map { .implicit($0) } ?? .none
      case 3:
        // The parameters of the arrays and the tree are also in their own headers.
        try cursor.skip(1)
        return try cursor.address().map { .fixedArray($0) } ?? .none
      case 4:
        try cursor.skip(5)
        return try cursor.address().map { .extensibleArray($0) } ?? .none
      case 5:
        try cursor.skip(6)
        return try cursor.address().map { .treeV2($0) } ?? .none
      case let other: throw cursor.malformed(expected: "a chunk index of type 1 to 5", found: "\(other)")
      }
    }
  }
}
