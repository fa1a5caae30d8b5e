extension HDF5ChunkLayout {
  /// Reads the chunked class of a layout message, for a dataset of known shape and element size.
  struct Decoder {
    let dataspace: HDF5Dataspace
    let elementSize: Int
    let pipeline: HDF5FilterPipeline

    /// Version 3: rank + 1, address of a B-tree, sizes with the element's bytes as the last one.
    func version3(_ cursor: inout ByteCursor) throws(HDF5Error) -> HDF5ChunkLayout {
      let rank = Int(try cursor.u8())
      let address = try cursor.address()
      return try layout(&cursor, rank: rank, index: address.map { .treeV1($0) } ?? .none)
    }

    /// `rank` sizes of four bytes each, the element's among them (so does every version before 4).
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
      guard shape.removeLast() == elementSize else {
        throw start.malformed(expected: "chunks of \(elementSize)-byte elements", found: "another size")
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
      return HDF5ChunkLayout(shape: shape, byteCount: byteCount, index: index, pipeline: pipeline)
    }

    /// Version 4, of the low bound 1.10: five kinds of index, of which two need no structure of their own.
    func version4(_ cursor: inout ByteCursor) throws(HDF5Error) -> HDF5ChunkLayout {
      let flags = try cursor.u8()
      let rank = Int(try cursor.u8())
      let width = Int(try cursor.u8())
      guard (1...8).contains(width) else {
        throw cursor.malformed(expected: "chunk sizes of 1 to 8 bytes", found: "\(width)")
      }
      let plain = try layout(&cursor, rank: rank, index: .none, width: width)
      let index: Index
      switch try cursor.u8() {
      case 1:
        let stored = flags & 2 != 0 ? try cursor.length() : plain.byteCount
        let mask = flags & 2 != 0 ? UInt32(truncatingIfNeeded: try cursor.u32()) : 0
        index = try cursor.address().map { .single(offset: $0, stored: stored, mask: mask) } ?? .none
      case 2:
        guard pipeline.filters.isEmpty else {
          throw cursor.malformed(expected: "no filters with an implicit chunk index", found: "some")
        }
        index = try cursor.address().map { .implicit($0) } ?? .none
      case 3: throw cursor.unsupported("a fixed array chunk index")
      case 4: throw cursor.unsupported("an extensible array chunk index")
      case 5: throw cursor.unsupported("a B-tree version 2 chunk index")
      case let other: throw cursor.malformed(expected: "a chunk index of type 1 to 5", found: "\(other)")
      }
      // Without the flag, libhdf5 skips the filters of chunks that reach over the edge only where flag bit 0 says so.
      if flags & 1 != 0, !pipeline.filters.isEmpty {
        throw cursor.unsupported("unfiltered chunks at the edge")
      }
      return HDF5ChunkLayout(
        shape: plain.shape, byteCount: plain.byteCount, index: index, pipeline: pipeline)
    }
  }
}
