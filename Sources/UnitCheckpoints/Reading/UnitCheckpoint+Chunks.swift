internal import HDF5Kit

extension UnitCheckpoint {
  /// Checks that a dataset that the index says is chunked is so, as the layout wants it: stock filters, all chunks
  /// there, and each block at the beginning of one. Means nothing once another tool has rewritten the file.
  func checkChunks(of dataset: HDF5Dataset, _ number: Int) throws(CheckpointError) {
    func broken(_ expected: String, _ found: String) -> CheckpointError {
      .broken(
        .datasetChunks, path: path, place: "/\(datasetPath(number))", expected: expected, found: found)
    }
    guard case .chunked(let layout) = dataset.storage else {
      throw broken("chunks", "\(dataset.storage)")
    }
    let filters = layout.pipeline.filters.map(\.title)
    guard [[], ["deflate"], ["shuffle", "deflate"]].contains(filters) else {
      throw broken("shuffle, then deflate", filters.joined(separator: ", "))
    }
    let counts: (stored: Int, all: Int)?
    do throws(HDF5Error) { counts = try dataset.chunkCounts() } catch { throw .hdf5(path: path, error) }
    if let counts, counts.stored != counts.all { throw broken("\(counts.all) chunks", "\(counts.stored)") }
    guard dataset.hasRunsAsChunks else {
      throw broken("chunks that are runs of the flat tensor", "chunks of shape \(layout.shape)")
    }
    if index.datasets[number].owner.isWhole { return }
    var end = 0
    for block in index.datasets[number].blocks {
      let over = end % layout.byteCount
      // A sum that cannot be counted is no offset either.
      let expected = over == 0 ? end : end &+ (layout.byteCount - over)
      guard index.blocks[block].offset == expected else {
        throw broken(
          "block \(block - index.datasets[number].blocks.lowerBound) at byte \(expected), where a chunk begins",
          "it at byte \(index.blocks[block].offset)")
      }
      end = expected + index.blocks[block].byteCount
    }
  }
}
