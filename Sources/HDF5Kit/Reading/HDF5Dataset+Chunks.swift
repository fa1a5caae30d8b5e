internal import Deflate
internal import Synchronization

extension HDF5Dataset {
  /// Reads the chunk index of a chunked dataset, so that later reads fetch only chunks.
  package func loadChunkIndex() throws(HDF5Error) {
    if case .chunked(let layout) = storage { _ = try chunkIndex(layout) }
  }

  /// The stored chunks, read from the file once.
  func chunkIndex(_ layout: HDF5ChunkLayout) throws(HDF5Error) -> ChunkIndex {
    if let known = index.withLock({ $0 }) { return known }
    let read = try ChunkIndex(context, layout: layout, shape: shape)
    index.withLock { $0 = read }
    return read
  }

  /// Refuses a dataset that declares far more bytes than its stored bytes could inflate to.
  func checkRatio(_ index: ChunkIndex) throws(HDF5Error) {
    // Chunks of a crafted index may share bytes; the file's size is the most that can be stored.
    let stored = min(index.storedBytes, context.source.size)
    let (most, overflow) = stored.multipliedReportingOverflow(by: context.limits.declaredPerStored)
    guard byteCount <= 64 << 20 || overflow || byteCount <= most else {
      throw context.limit(
        "\(context.limits.declaredPerStored) declared bytes per stored byte",
        found: "\(byteCount) declared and \(stored) stored")
    }
  }

  func readChunks(
    _ layout: HDF5ChunkLayout, into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(HDF5Error) {
    // There is at least one row here: no byte of an empty dataset can be requested.
    guard let rows = shape.first, rows > 0, let chunkRows = layout.shape.first else { return }
    let index = try chunkIndex(layout)
    let rowBytes = byteCount / rows
    let wantedRows = offset / rowBytes..<(offset + buffer.count - 1) / rowBytes + 1
    if index.chunks.count < layout.chunkCount(of: shape) { fill(buffer, at: offset) }
    // Chunks much larger than the dataset would be decoded again and again for a few bytes.
    var allowance = context.limits.byteBudget
    for chunk in index.chunks(holding: wantedRows, chunkRows: chunkRows) {
      let runs = ChunkRuns(shape: shape, layout: layout, elementSize: datatype.size, start: chunk.start)
      guard runs.touches(offset..<offset + buffer.count) else { continue }
      allowance -= max(0, layout.byteCount - runs.byteCount)
      guard allowance >= 0 else {
        throw context.limit(
          "\(context.limits.byteBudget.grouped) bytes of chunks outside the dataset", found: "more",
          in: "chunk",
          at: chunk.offset)
      }
      if let stream = try stream(chunk, layout) {
        try runs.forEach(in: offset..<offset + buffer.count) { place, wanted throws(HDF5Error) in
          let target = wanted.lowerBound - offset..<wanted.upperBound - offset
          try stream.read(at: place, into: UnsafeMutableRawBufferPointer(rebasing: buffer[target]))
        }
        continue
      }
      if try readWhole(chunk, layout, runs, into: buffer, at: offset) { continue }
      let bytes = try decoded(chunk, layout)
      bytes.withUnsafeBytes { source in
        runs.forEach(in: offset..<offset + buffer.count) { place, wanted in
          UnsafeMutableRawBufferPointer(
            rebasing: buffer[wanted.lowerBound - offset..<wanted.upperBound - offset]
          ).copyMemory(from: .init(rebasing: source[place..<place + wanted.count]))
        }
      }
    }
  }

  /// The chunk as a stream, if it is large and its filters allow reading in pieces.
  private func stream(_ chunk: StoredChunk, _ layout: HDF5ChunkLayout) throws(HDF5Error) -> ChunkStream? {
    guard layout.byteCount > context.limits.streamedChunk,
      let stream = ChunkStream(
        chunk, of: layout, elementSize: datatype.size, key: ChunkKey(chunk, dataset: address), context)
    else { return nil }
    try checkStored(chunk, layout)
    try stream.check()
    return stream
  }

  /// Refuses a dataset whose chunks can only be decoded as a whole and are too large to be kept.
  ///
  /// A caller that reads such a dataset in pieces would decode a whole chunk for each piece.
  package func checkPieces() throws(HDF5Error) {
    guard case .chunked(let layout) = storage, layout.byteCount > context.limits.keptChunkBytes else {
      return
    }
    for chunk in try chunkIndex(layout).chunks where try stream(chunk, layout) == nil {
      throw context.limit(
        "\(context.limits.keptChunkBytes.grouped) bytes in a chunk with these filters "
          + "(h5repack -l CHUNK=1048576 makes smaller ones)",
        found: layout.byteCount.grouped, in: "chunk", at: chunk.offset)
    }
  }

  private func checkStored(_ chunk: StoredChunk, _ layout: HDF5ChunkLayout) throws(HDF5Error) {
    // Stored bytes may exceed the chunk slightly: a checksum, or data that deflate could not make smaller.
    guard chunk.count <= layout.byteCount + layout.byteCount / 8 + 1024 else {
      throw context.malformed(
        "chunk", at: chunk.offset, expected: "about \(layout.byteCount) stored bytes", found: "\(chunk.count)"
      )
    }
  }

  /// Decodes a chunk directly into the buffer, if all of it is wanted in one piece, and it is deflated and perhaps
  /// shuffled.
  ///
  /// Such a chunk is not kept, because a caller that reads in order does not need it again.
  ///
  /// - Returns: whether the chunk was decoded.
  private func readWhole(
    _ chunk: StoredChunk, _ layout: HDF5ChunkLayout, _ runs: ChunkRuns,
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(HDF5Error) -> Bool {
    let filters = layout.pipeline.applied(to: chunk)
    let size = datatype.size
    let isShuffled = filters.count == 2
    guard let run = runs.singleRun, run.lowerBound >= offset, run.upperBound <= offset + buffer.count,
      filters.last?.known == .deflate, filters.count <= 2,
      !isShuffled || filters[0].known == .shuffle && filters[0].parameters.first.map({ Int($0) }) == size,
      layout.byteCount <= context.limits.streamedChunk, let target = buffer.baseAddress
    else { return false }
    try checkStored(chunk, layout)
    guard let inflater = context.chunks.takeBuffer() else { return false }
    defer { context.chunks.giveBack(inflater) }
    context.chunks.count(layout.byteCount)
    try inflater.read(chunk, context)
    let bytes = try inflater.inflate(chunk, byteCount: layout.byteCount, context)
    guard let source = bytes.baseAddress else { return false }
    let place = target + (run.lowerBound - offset)
    if isShuffled && size > 1 {
      ByteShuffle.unshuffle(
        source.assumingMemoryBound(to: UInt8.self), to: place, count: run.count / size,
        stride: layout.byteCount / size, size: size)
    } else {
      place.copyMemory(from: source, byteCount: run.count)
    }
    return true
  }

  private func decoded(_ chunk: StoredChunk, _ layout: HDF5ChunkLayout) throws(HDF5Error) -> [UInt8] {
    let key = ChunkKey(chunk, dataset: address)
    if let kept = context.chunks.bytes(key) { return kept }
    guard layout.byteCount <= context.limits.byteBudget else {
      throw context.limit(
        "\(context.limits.byteBudget.grouped) bytes of one chunk", found: layout.byteCount.grouped,
        in: "chunk",
        at: chunk.offset)
    }
    try checkStored(chunk, layout)
    context.chunks.count(layout.byteCount)
    // This bypasses the page cache: a sub-network reads its own chunks and not their neighbours.
    let stored = try context.storedBytes(of: chunk, at: 0, count: chunk.count)
    let bytes = try layout.pipeline.decode(
      stored, chunk: chunk, byteCount: layout.byteCount, context)
    context.chunks.keep(bytes, key)
    return bytes
  }
}

/// The contiguous pieces of one chunk inside a dataset, one for each row along the fastest dimension.
///
/// A piece has a place in the chunk, a place in the dataset's logical bytes, and a length. No product here exceeds the
/// byte count of the dataset or of the chunk; both were computed with overflow checks.
struct ChunkRuns {
  let shape: [Int]
  let layout: HDF5ChunkLayout
  let elementSize: Int
  let start: [Int]

  /// Elements of the chunk that lie inside the dataset, along each dimension.
  private var extent: [Int] {
    zip(zip(shape, layout.shape), start).map { min($0.1, $0.0 - $1) }
  }

  /// Bytes of the chunk that lie inside the dataset.
  var byteCount: Int { extent.reduce(elementSize, *) }

  private func logical(of place: [Int]) -> Int {
    zip(shape, place).reduce(0) { $0 * $1.0 + $1.1 } * elementSize
  }

  /// Whether `range` overlaps the range from the chunk's first byte to its last.
  func touches(_ range: Range<Int>) -> Bool {
    let last = zip(start, extent).map { $0 + $1 - 1 }
    return logical(of: start) < range.upperBound && logical(of: last) + elementSize > range.lowerBound
  }

  /// The range of the dataset's bytes that the chunk holds, if this is one run in both, from the chunk's first byte on;
  /// else nil.
  var singleRun: Range<Int>? {
    let extent = extent
    // Dimensions after the first one with several positions must be whole, in the dataset and in the chunk.
    let first = extent.firstIndex { $0 > 1 } ?? extent.count
    for dimension in extent.indices where dimension > first {
      guard extent[dimension] == shape[dimension], extent[dimension] == layout.shape[dimension] else {
        return nil
      }
    }
    let start = logical(of: start)
    return start..<start + byteCount
  }

  /// Calls `body` for each piece of `range` in the chunk, with its place in the chunk and its range in the dataset.
  func forEach<Failure: Error>(
    in range: Range<Int>, _ body: (_ place: Int, _ wanted: Range<Int>) throws(Failure) -> Void
  ) throws(Failure) {
    let extent = extent
    guard let width = extent.last, !extent.contains(0) else { return }
    let count = width * elementSize
    // An odometer over all dimensions but the fastest.
    var local = [Int](repeating: 0, count: extent.count)
    while true {
      let place = zip(layout.shape, local).reduce(0) { $0 * $1.0 + $1.1 } * elementSize
      let logical = logical(of: zip(start, local).map { $0 + $1 })
      let wanted = (logical..<logical + count).clamped(to: range)
      if !wanted.isEmpty { try body(place + wanted.lowerBound - logical, wanted) }
      var dimension = extent.count - 2
      while dimension >= 0 {
        local[dimension] += 1
        if local[dimension] < extent[dimension] { break }
        local[dimension] = 0
        dimension -= 1
      }
      if dimension < 0 { return }
    }
  }
}
