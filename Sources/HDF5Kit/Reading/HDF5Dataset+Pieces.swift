extension HDF5ChunkLayout {
  /// How many chunks a dataset of this shape has; as many as can be counted where that overflows.
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
  /// How many chunks are stored, and how many there are; nil for a dataset that is not chunked.
  package func chunkCounts() throws(HDF5Error) -> (stored: Int, all: Int)? {
    guard case .chunked(let layout) = storage else { return nil }
    return (try chunkIndex(layout).chunks.count, layout.chunkCount(of: shape))
  }

  /// Of a chunked dataset whose chunks are runs of its logical bytes, the dimension along which they follow each other:
  /// chunks have one position along those before, and all along those behind. Nil for every other dataset.
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

  /// A range of logical bytes as pieces that lie in chunks of their own, so that several threads can read them; the
  /// range itself where there are no chunks, or they are no runs of the logical bytes.
  package func pieces(of range: Range<Int>) -> [Range<Int>] {
    guard case .chunked(let layout) = storage, !range.isEmpty, let dimension = runDimension else {
      return [range]
    }
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
