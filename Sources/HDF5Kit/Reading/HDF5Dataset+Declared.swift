extension HDF5Dataset {
  /// The filters of the dataset's chunks that this reader cannot undo, by their names in messages.
  package var unknownFilters: [String] {
    guard case .chunked(let layout) = storage else { return [] }
    return layout.pipeline.filters.filter { $0.known == nil }.map(\.title)
  }

  /// Refuses a dataset that declares far more bytes than it stores, or that could not be read in pieces.
  ///
  /// Elements that were never written are the fill value, and a file of a few hundred bytes can declare 2⁶² of them.
  /// This reads the index of a chunked dataset.
  package func checkDeclared() throws(HDF5Error) {
    switch storage {
    case .chunked(let layout):
      try checkRatio(chunkIndex(layout))
      try checkPieces()
    case .unallocated:
      guard byteCount <= 64 << 20 else {
        throw context.limit(
          "64 MiB of elements that were never written", found: "\(byteCount.grouped) bytes",
          in: "object header",
          at: address)
      }
    case .compact, .contiguous: return
    }
  }
}
