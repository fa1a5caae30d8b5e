extension HDF5ChunkLayout {
  /// The number of chunks of a dataset of this shape; `Int.max` on overflow.
  func chunkCount(of shape: [Int]) -> Int {
    var count = 1
    for (extent, size) in zip(shape, self.shape) {
      let (product, overflow) = count.multipliedReportingOverflow(
        by: extent / size + (extent % size == 0 ? 0 : 1))
      if overflow { return .max }
      count = product
    }
    return count
  }
}

extension HDF5Dataset {
  /// The numbers of stored chunks and of all chunks; nil for a dataset that is not chunked.
  package func chunkCounts() throws(HDF5Error) -> (stored: Int, all: Int)? {
    guard case .chunked(let layout) = storage else { return nil }
    return (try chunkIndex(layout).chunks.count, layout.chunkCount(of: shape))
  }

  /// The dimension along which chunks follow each other, if each chunk is a run of the logical bytes; else nil.
  ///
  /// Chunks then have one position along the dimensions before this one, and all positions along the dimensions after
  /// it.
  private var runDimension: Int? {
    guard case .chunked(let layout) = storage else { return nil }
    let dimension = layout.shape.firstIndex { $0 > 1 } ?? layout.shape.count - 1
    guard shape.indices.contains(dimension),
      shape.indices.allSatisfy({ $0 <= dimension || shape[$0] == layout.shape[$0] })
    else { return nil }
    return dimension
  }

  /// Whether each chunk is a run of the logical bytes.
  package var hasRunsAsChunks: Bool { runDimension != nil }

  /// Splits a range of logical bytes where chunks end, so that several threads can read the pieces.
  ///
  /// Without chunks, or with chunks that are not runs of the logical bytes, the range is the only piece.
  package func pieces(of range: Range<Int>) -> [Range<Int>] {
    guard case .chunked(let layout) = storage, !range.isEmpty, let dimension = runDimension else {
      return [range]
    }
    // The bytes of a chunk and of the dataset were computed with overflow checks.
    let row = shape[dimension...].reduce(datatype.size, *)
    var pieces: [Range<Int>] = []
    var start = range.lowerBound
    while start < range.upperBound {
      // Bytes to the end of the chunk, the row or the range, whichever is nearest; adding to positions could overflow.
      let place = start % row
      let count = min(layout.byteCount - place % layout.byteCount, row - place, range.upperBound - start)
      pieces.append(start..<start + count)
      start += count
    }
    return pieces
  }
}
