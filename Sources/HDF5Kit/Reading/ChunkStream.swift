/// One stored chunk that can be read in pieces: deflated, shuffled, both or neither.
///
/// Some tools write a whole dataset as one chunk. If such a chunk were decoded as a whole, it would be decoded again
/// for every piece, or kept in memory whatever its size. A shuffled chunk has one stream for each byte of an element,
/// one after another.
struct ChunkStream {
  let chunk: StoredChunk
  /// Bytes of the decoded chunk.
  let byteCount: Int
  private let key: ChunkKey
  private let context: FileContext
  private let isDeflated: Bool
  /// Bytes of a shuffled element; 1 without the shuffle filter.
  private let planes: Int

  /// Chunks of longer elements are decoded as a whole: each byte of an element would be a separate stream.
  private static let planeLimit = 16

  /// Returns nil for a pipeline that can only be undone as a whole, for example one with a checksum.
  init?(
    _ chunk: StoredChunk, of layout: HDF5ChunkLayout, elementSize: Int, key: ChunkKey, _ context: FileContext
  ) {
    let filters = layout.pipeline.applied(to: chunk)
    switch filters.map(\.known) {
    case []: (isDeflated, planes) = (false, 1)
    case [.deflate]: (isDeflated, planes) = (true, 1)
    case [.shuffle], [.shuffle, .deflate]:
      guard filters[0].parameters.first.map({ Int($0) }) == elementSize, elementSize > 0,
        elementSize <= Self.planeLimit
      else { return nil }
      (isDeflated, planes) = (filters.count == 2, elementSize)
    default: return nil
    }
    self.chunk = chunk
    self.key = key
    self.context = context
    byteCount = layout.byteCount
  }

  /// Refuses a chunk whose stored length does not fit its decoded length.
  func check() throws(HDF5Error) {
    // Deflate expands one byte to at most 1,032.
    guard isDeflated ? byteCount / 1032 <= chunk.count : byteCount == chunk.count else {
      throw context.malformed(
        "chunk", at: chunk.offset,
        expected: isDeflated
          ? "a deflate stream of \(byteCount.grouped) bytes" : "\(byteCount.grouped) bytes",
        found: "\(chunk.count.grouped) stored bytes")
    }
  }

  /// Fills `buffer` with the chunk's bytes from `place`. The caller must have checked that they are inside the chunk.
  func read(at place: Int, into buffer: UnsafeMutableRawBufferPointer) throws(HDF5Error) {
    if planes == 1 { return try readStored(at: place, into: buffer) }
    // A chunk has whole elements, so all planes have the same length.
    let elements = byteCount / planes
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count / planes + 1, alignment: 16)
    defer { scratch.deallocate() }
    for plane in 0..<planes {
      let first = Self.firstElement(of: plane, from: place, planes)
      let end = Self.firstElement(of: plane, from: place + buffer.count, planes)
      if first == end { continue }
      let piece = UnsafeMutableRawBufferPointer(rebasing: scratch[..<(end - first)])
      try readStored(at: plane * elements + first, into: piece)
      var target = first * planes + plane - place
      for byte in piece {
        buffer[target] = byte
        target += planes
      }
    }
  }

  /// The first element whose byte in `plane` is at `place` of the chunk or after it.
  private static func firstElement(of plane: Int, from place: Int, _ planes: Int) -> Int {
    max(0, place - plane + planes - 1) / planes
  }

  private func readStored(at place: Int, into buffer: UnsafeMutableRawBufferPointer) throws(HDF5Error) {
    guard isDeflated else { return try context.read(at: chunk.offset + place, into: buffer, in: "chunk") }
    let cursor = context.chunks.cursor(key, before: place) ?? InflateCursor()
    guard let cursor else {
      throw context.limit(
        "the free memory", found: "that inflating needs more", in: "chunk", at: chunk.offset)
    }
    try skip(cursor, to: place)
    try inflate(cursor, into: buffer)
    if cursor.position < byteCount { context.chunks.keep(cursor, key) }
  }

  private func skip(_ cursor: InflateCursor, to place: Int) throws(HDF5Error) {
    if cursor.position == place { return }
    let scratch = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(place - cursor.position, 64 << 10), alignment: 16)
    defer { scratch.deallocate() }
    while cursor.position < place {
      let count = min(place - cursor.position, scratch.count)
      try inflate(cursor, into: UnsafeMutableRawBufferPointer(rebasing: scratch[..<count]))
    }
  }

  private func inflate(
    _ cursor: InflateCursor, into buffer: UnsafeMutableRawBufferPointer
  ) throws(HDF5Error) {
    context.chunks.count(buffer.count)
    try cursor.read(chunk, byteCount: byteCount, into: buffer, context)
  }
}
