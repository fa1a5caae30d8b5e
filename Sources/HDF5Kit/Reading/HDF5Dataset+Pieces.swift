extension HDF5ChunkLayout {
  /// How many chunks a dataset of this shape has; as many as can be counted where that overflows.
  func chunkCount(of shape: [Int]) -> Int {
    var count = 1
    for (extent, size) in zip(shape, self.shape) {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent / size + (extent % size == 0 ? 0 : 1))
      if overflow { return .max }
      count = product
    }
    return count
  }
}

extension HDF5Dataset {
  /// How many chunks are stored, and how many there are; nil for a dataset that is not chunked.
  package func chunkCounts() throws(HDF5Error) -> (stored: Int, all: Int)? {
    guard case .chunked(let layout) = storage else { return nil }
    return (try chunkIndex(layout).chunks.count, layout.chunkCount(of: shape))
  }

  /// A range of logical bytes as pieces that lie in chunks of their own, so that several threads can read them; the
  /// range itself where there are no chunks, or they are no runs of the logical bytes.
  package func pieces(of range: Range<Int>) -> [Range<Int>] {
    guard case .chunked(let layout) = storage, !range.isEmpty else { return [range] }
    // One position along the first dimensions, some of the next one, all of the others.
    let dimension = layout.shape.firstIndex { $0 > 1 } ?? layout.shape.count - 1
    guard shape.count == layout.shape.count, shape.indices.contains(dimension),
      shape.indices.allSatisfy({ $0 <= dimension || shape[$0] == layout.shape[$0] })
    else { return [range] }
    // A chunk's bytes and the dataset's have been computed with checks.
    let row = shape[dimension...].reduce(datatype.size, *)
    var pieces: [Range<Int>] = []
    var start = range.lowerBound
    while start < range.upperBound {
      // Bytes up to the end of the chunk, of the row, and of the range: sums could leave what can be counted.
      let place = start % row
      let count = min(layout.byteCount - place % layout.byteCount, row - place, range.upperBound - start)
      pieces.append(start..<start + count)
      start += count
    }
    return pieces
  }
}
