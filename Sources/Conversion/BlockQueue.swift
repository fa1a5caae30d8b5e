internal import ByteFiles
internal import Synchronization
internal import Tensors
internal import UnitCheckpoints

/// Cuts windows into blocks, checksums the pieces and writes them, on a queue of its own.
final class BlockQueue: @unchecked Sendable {
  // Proof of @unchecked: `error` is behind a mutex; the queue belongs to the thread that calls the methods; all other
  // mutable state is touched only by work on the serial queue, and by `finish` and `deinit` after it has drained.
  private let queue = SerialQueue(label: "tessera.write")
  private let file: AtomicFile
  private let chunks: ChunkFiller
  private let pieces: UnsafeMutableRawBufferPointer
  private let error = Mutex<FileError?>(nil)

  private var blocks: [BlockDestination] = []
  private var grid: BlockGrid?
  private var numbers: [Int] = []
  /// By owner the number of its block, while elements are told off by an owner map.
  private var owners: [Int]?
  private var width = 1
  /// Bytes written so far of each block.
  private var written: [Int] = []
  /// Of blocks that come in several pieces; a state takes half a kilobyte, and there may be a million blocks.
  private var checksums: [Int: RunChecksum] = [:]
  private var results: [UInt64] = []
  private var sums: [Int: [UInt64]] = [:]
  private var sinceWriteback = 0

  /// - Parameter capacity: bytes of the largest window.
  init(_ writer: UnitCheckpointWriter, capacity: Int) {
    file = writer.bytes
    chunks = writer.makeChunkFiller()
    pieces = .allocate(byteCount: capacity, alignment: 4096)
  }

  deinit { pieces.deallocate() }

  /// The first error of writing; later bytes are dropped.
  var failure: FileError? { error.withLock { $0 } ?? chunks.failure }

  /// Starts a tensor.
  ///
  /// - Parameter packedWidth: bytes of an element, where elements are packed by an owner map.
  func begin(_ tensor: Int, blocks: [BlockDestination], grid: BlockGrid?, packedWidth: Int? = nil) {
    queue.async(byteCount: 0) { [self] in
      owners = packedWidth.map { _ in
        var owners = [Int](repeating: -1, count: 256)
        for (number, block) in blocks.enumerated() { owners[block.coordinates[1]] = number }
        return owners
      }
      width = packedWidth ?? 1
      self.blocks = blocks
      self.grid = grid
      numbers = grid?.blockNumbers(coordinates: blocks.map(\.coordinates)) ?? []
      written = [Int](repeating: 0, count: blocks.count)
      checksums = [:]
      // Every block has bytes, so each gets its checksum when its last piece comes.
      results = [UInt64](repeating: 0, count: blocks.count)
    }
  }

  /// Writes the window's bytes, then releases it.
  func write(_ window: Window, window place: BlockWindow) {
    queue.async(byteCount: window.storage.count) { [self] in
      defer { window.release() }
      if failure != nil { return }
      do throws(FileError) {
        guard let grid, let flat = window.storage.baseAddress, let target = pieces.baseAddress else {
          let bytes = UnsafeRawBufferPointer(window.storage)
          if let address = advance(bytes, inBlock: 0) { try write(bytes, at: address) }
          return
        }
        // Blocks of a unit follow one another in its dataset, and small datasets one another in the file: pieces
        // that meet there are written together. Of 4,000 small tensors that makes 4,000 writes out of 64,000.
        var run = 0..<0
        var address = 0
        for piece in grid.move(place, .flatToPieces, flat: flat, pieces: target) {
          let bytes = UnsafeRawBufferPointer(start: target + piece.offset, count: piece.byteCount)
          let number = numbers[piece.rowClass * grid.runs.count + piece.part]
          guard let next = advance(bytes, inBlock: number) else { continue }
          if next != address + run.count || piece.offset != run.upperBound {
            try write(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(pieces)[run]), at: address)
            run = piece.offset..<piece.offset
            address = next
          }
          run = run.lowerBound..<piece.offset + piece.byteCount
        }
        try write(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(pieces)[run]), at: address)
      } catch { self.error.withLock { $0 = error } }
    }
  }

  /// Writes the window's elements, each to the run of its owner, then releases both windows.
  ///
  /// Every owner in the map must have a block with room for its elements.
  func write(_ window: Window, ownedBy map: Window) {
    queue.async(byteCount: window.storage.count) { [self] in
      defer {
        window.release()
        map.release()
      }
      guard failure == nil, let owners else { return }
      let parts = OwnerPacking(UnsafeRawBufferPointer(map.storage), width: width)
      guard let flat = window.storage.baseAddress, let staging = pieces.baseAddress else { return }
      parts.move(.flatToPieces, flat: flat, pieces: staging)
      do throws(FileError) {
        for (owner, range) in parts.ranges {
          let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(pieces)[range])
          if let address = advance(bytes, inBlock: owners[owner]) { try write(bytes, at: address) }
        }
      } catch { self.error.withLock { $0 = error } }
    }
  }

  /// Ends the tensor with this number.
  func end(_ tensor: Int) {
    queue.async(byteCount: 0) { [self] in sums[tensor] = results }
  }

  /// Sends work on its way that waits for more.
  func send() { queue.send() }

  /// Waits for everything and returns each tensor's checksums, block by block.
  func finish() -> [Int: [UInt64]] {
    queue.drain()
    return sums
  }

  /// Checksums the next bytes of a block and returns where they go; nil when they are compressed, and taken care of.
  private func advance(_ bytes: UnsafeRawBufferPointer, inBlock number: Int) -> Int? {
    let start = written[number]
    let end = start + bytes.count
    if start == 0 && end == blocks[number].byteCount {
      results[number] = RunChecksum.of(bytes)
    } else {
      let checksum = checksums[number] ?? RunChecksum()
      checksum.update(bytes)
      if end == blocks[number].byteCount {
        results[number] = checksum.finish()
        checksums[number] = nil
      } else {
        checksums[number] = checksum
      }
    }
    written[number] = end
    guard let address = blocks[number].address else {
      chunks.append(bytes, to: blocks[number], at: start)
      return nil
    }
    return address + start
  }

  private func write(_ bytes: UnsafeRawBufferPointer, at address: Int) throws(FileError) {
    try file.write(bytes, at: address)
    sinceWriteback += bytes.count
    if sinceWriteback >= 64 << 20 {
      file.startWriteback(from: 0, count: 0)
      sinceWriteback = 0
    }
  }
}
