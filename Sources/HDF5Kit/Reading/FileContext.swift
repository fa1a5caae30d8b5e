internal import ByteFiles
internal import Synchronization

/// The data that every structure's decoder needs: the bytes, the file's widths of addresses and lengths, the limits,
/// and the path of the object being read, which is only used in messages.
///
/// Every cursor has one, so everything except the path is behind one reference.
struct FileContext: Sendable {
  /// The superblock's sizes of addresses, lengths and nodes.
  struct Sizes: Sendable {
    /// The file offset from which addresses count: that of the superblock; 0 without a user block.
    var base = 0
    /// The bytes of an address in this file: 2, 4 or 8.
    var addressWidth = 8
    /// The bytes of a length in this file: 2, 4 or 8.
    var lengthWidth = 8
    /// Half the largest number of entries of a symbol node, if the superblock gives it.
    var symbolNodeK: Int?
    /// Half the largest number of children of a group's B-tree node, if the superblock gives it.
    var groupNodeK: Int?
  }

  private final class Facts: Sendable {
    let source: any ByteSource
    let cache: PageCache
    let chunks: ChunkCache
    let limits: HDF5Limits
    let sizes: Sizes
    let verified = Mutex<Set<HeapBlock>>([])

    init(
      source: any ByteSource, cache: PageCache, chunks: ChunkCache, limits: HDF5Limits, sizes: Sizes
    ) {
      self.source = source
      self.cache = cache
      self.chunks = chunks
      self.limits = limits
      self.sizes = sizes
    }
  }

  /// A block of a fractal heap, and the heap that it belongs to.
  struct HeapBlock: Hashable, Sendable {
    let heap: Int
    let block: Int
  }

  private let facts: Facts
  let path: String?

  var source: any ByteSource { facts.source }
  var limits: HDF5Limits { facts.limits }
  var base: Int { facts.sizes.base }
  var addressWidth: Int { facts.sizes.addressWidth }
  var lengthWidth: Int { facts.sizes.lengthWidth }
  var symbolNodeK: Int? { facts.sizes.symbolNodeK }
  var groupNodeK: Int? { facts.sizes.groupNodeK }
  var chunks: ChunkCache { facts.chunks }

  /// Runs `verify`, unless it has already succeeded for this block; the file does not change.
  ///
  /// A group of 20,000 links is opened for each link. Without this, its blocks of 64 KiB were read 2,000 times.
  func once(_ block: HeapBlock, _ verify: () throws(HDF5Error) -> Void) throws(HDF5Error) {
    if facts.verified.withLock({ $0.contains(block) }) { return }
    try verify()
    facts.verified.withLock { _ = $0.insert(block) }
  }
  private var cache: PageCache { facts.cache }

  private init(facts: Facts, path: String?) {
    self.facts = facts
    self.path = path
  }

  init(source: any ByteSource, limits: HDF5Limits) {
    facts = Facts(
      source: source, cache: PageCache(source: source), chunks: ChunkCache(limits), limits: limits,
      sizes: Sizes())
    path = nil
  }

  /// The same context for another object.
  func at(path: String) -> FileContext { FileContext(facts: facts, path: path) }

  /// The same source with the sizes from its superblock.
  func with(_ sizes: Sizes) -> FileContext {
    let facts = Facts(source: source, cache: cache, chunks: chunks, limits: limits, sizes: sizes)
    return FileContext(facts: facts, path: path)
  }

  /// The largest read, in bytes, that uses the cache; larger structures bypass it.
  private static let cachedRead = 4 * PageCache.pageSize

  /// A cursor over the `count` bytes at file offset `offset`.
  ///
  /// Throws for a range that leaves the file before anything is allocated.
  func cursor(at offset: Int, count: Int, in structure: String) throws(HDF5Error) -> ByteCursor {
    try check(offset: offset, count: count, in: structure)
    do throws(FileError) {
      let bytes =
        count <= Self.cachedRead
        ? try cache.bytes(at: offset, count: count) : try source.bytes(at: offset, count: count)
      return ByteCursor(context: self, structure: structure, bytes: bytes, origin: offset)
    } catch {
      throw .file(error)
    }
  }

  /// Fills `buffer` from `offset` without the cache.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer, in structure: String)
    throws(HDF5Error)
  {
    try check(offset: offset, count: buffer.count, in: structure)
    do throws(FileError) { try source.read(at: offset, into: buffer) } catch { throw .file(error) }
  }

  /// A part of a chunk's stored bytes. It bypasses the page cache, because large chunks would only displace metadata.
  func storedBytes(of chunk: StoredChunk, at place: Int, count: Int) throws(HDF5Error) -> [UInt8] {
    try check(offset: chunk.offset + place, count: count, in: "chunk")
    do throws(FileError) { return try source.bytes(at: chunk.offset + place, count: count) } catch {
      throw .file(error)
    }
  }

  /// Throws unless `count` bytes at `offset` lie within the file.
  func check(offset: Int, count: Int, in structure: String) throws(HDF5Error) {
    guard offset >= 0, count >= 0, offset <= source.size, count <= source.size - offset else {
      throw malformed(
        structure, at: offset,
        expected: "\(count.grouped) bytes within the file's \(source.size.grouped) bytes",
        found: "only \(max(0, source.size - max(0, offset)).grouped)")
    }
  }

  func malformed(_ structure: String, at offset: Int?, expected: String, found: String) -> HDF5Error {
    .malformed(
      file: source.name, place: HDF5Place(path: path, structure: structure, offset: offset),
      expected: expected, found: found)
  }

  func unsupported(_ feature: String, in structure: String? = nil, at offset: Int? = nil) -> HDF5Error {
    .unsupported(
      file: source.name, place: HDF5Place(path: path, structure: structure, offset: offset), feature: feature)
  }

  func limit(_ limit: String, found: String, in structure: String? = nil, at offset: Int? = nil) -> HDF5Error
  {
    .limit(
      file: source.name, place: HDF5Place(path: path, structure: structure, offset: offset), limit: limit,
      found: found)
  }
}
