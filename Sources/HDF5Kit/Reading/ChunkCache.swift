internal import Deflate
internal import Synchronization

/// The key of a dataset's chunk: equal keys decode to equal bytes.
struct ChunkKey: Hashable {
  /// The address of the dataset's object header.
  let dataset: Int
  let offset: Int
  let count: Int
  let mask: UInt32

  init(_ chunk: StoredChunk, dataset: Int) {
    self.dataset = dataset
    offset = chunk.offset
    count = chunk.count
    mask = chunk.mask
  }
}

/// The cache of a file's chunks, for all datasets. Small chunks are kept decoded. For large ones it keeps the states at
/// which reading stopped.
///
/// The locks are held during a lookup, but never while a chunk is read or decoded.
final class ChunkCache: Sendable {
  private struct Place: Hashable {
    let chunk: ChunkKey
    let position: Int
  }

  private let decoded: Mutex<RecentValues<ChunkKey, [UInt8]>>
  private let cursors: Mutex<RecentValues<Place, InflateCursor>>
  private let bytesDecoded = Atomic(0)
  private let buffers = Mutex<[InflateBuffer]>([])

  init(_ limits: HDF5Limits) {
    decoded = Mutex(RecentValues(budget: limits.keptChunkBytes))
    cursors = Mutex(RecentValues(budget: limits.cursorBytes))
  }

  /// The number of bytes decoded so far; it includes bytes that were skipped to reach a place.
  var decodedByteCount: Int { bytesDecoded.load(ordering: .relaxed) }

  /// Adds to `decodedByteCount`.
  func count(_ bytes: Int) { bytesDecoded.add(bytes, ordering: .relaxed) }

  /// A buffer for inflating, which the caller gives back; nil if memory is short.
  func takeBuffer() -> InflateBuffer? { buffers.withLock { $0.popLast() } ?? InflateBuffer() }

  func giveBack(_ buffer: InflateBuffer) {
    // Each reading thread uses one; more are not worth keeping.
    buffers.withLock { if $0.count < 16 { $0.append(buffer) } }
  }

  func bytes(_ key: ChunkKey) -> [UInt8]? { decoded.withLock { $0.use(key) } }

  func keep(_ bytes: [UInt8], _ key: ChunkKey) {
    // An entry costs 256 bytes more than its chunk, because the cache's own data for it are larger than very small
    // chunks.
    decoded.withLock { $0.insert(bytes, cost: bytes.count + 256, for: key) }
  }

  /// The cursor of a chunk that is nearest to a place, at or before it; nil if there is none.
  ///
  /// A cursor before the place stays in the cache for the next read there; a copy is returned.
  func cursor(_ chunk: ChunkKey, before place: Int) -> InflateCursor? {
    cursors.withLock { cursors in
      if let exact = cursors.take(Place(chunk: chunk, position: place)) { return exact }
      var nearest: Place?
      for other in cursors.keys
      where other.chunk == chunk && other.position < place && other.position > nearest?.position ?? 0 {
        nearest = other
      }
      return nearest.flatMap { cursors.use($0)?.copy() }
    }
  }

  func keep(_ cursor: InflateCursor, _ chunk: ChunkKey) {
    cursors.withLock {
      $0.insert(cursor, cost: Inflater.byteCount, for: Place(chunk: chunk, position: cursor.position))
    }
  }
}
