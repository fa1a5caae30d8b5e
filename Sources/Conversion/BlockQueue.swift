internal import ByteFiles
internal import Synchronization
internal import Tensors
internal import UnitCheckpoints

/// Cuts windows into blocks and writes them into their sections, on its own queue.
final class BlockQueue: @unchecked Sendable {
  // Proof of @unchecked: `error` is behind a mutex; the queue belongs to the thread that calls the methods; all other
  // mutable state is touched only by work on the serial queue, and by `finish` and `deinit` after it has drained.
  private let queue = SerialQueue(label: "tessera.write")
  private let writer: UnitCheckpointWriter
  private let pieces: UnsafeMutableRawBufferPointer
  private let error = Mutex<FileError?>(nil)

  private var geometry: (any TensorGeometry)?
  private var blocks: [BlockPlace] = []
  /// Bytes written so far, for each block.
  private var written: [Int] = []

  /// - Parameter capacity: bytes of the largest window.
  init(_ writer: UnitCheckpointWriter, capacity: Int) {
    self.writer = writer
    pieces = .allocate(byteCount: capacity, alignment: 4096)
  }

  deinit { pieces.deallocate() }

  /// The first error of writing; bytes after it are dropped.
  var failure: FileError? { error.withLock { $0 } ?? writer.sections.failure }

  /// Starts the tensor with this number.
  func begin(_ tensor: Int) {
    queue.async(byteCount: 0) { [self] in
      geometry = writer.index.geometry(ofTensor: tensor)
      blocks = writer.map.blocks(ofTensor: tensor)
      written = [Int](repeating: 0, count: blocks.count)
    }
  }

  /// Writes the window's bytes, then releases the window.
  ///
  /// - Parameter map: the owners of the window's elements, for a tensor with owners; it is released too. Each owner has
  ///   a block with room for its elements.
  func write(_ window: Window, at place: BlockWindow, ownedBy map: Window? = nil) {
    queue.async(byteCount: window.storage.count) { [self] in
      defer {
        window.release()
        map?.release()
      }
      guard failure == nil, let geometry, let flat = window.storage.baseAddress,
        let staging = pieces.baseAddress
      else { return }
      let cut = geometry.pieces(
        of: place,
        map: UnsafeRawBufferPointer(map?.storage ?? UnsafeMutableRawBufferPointer(start: nil, count: 0)))
      if !cut.isInPlace { cut.move(.flatToPieces, flat: flat, pieces: staging) }
      let source = UnsafeRawBufferPointer(cut.isInPlace ? window.storage : pieces)
      do throws(FileError) {
        for piece in cut.pieces {
          let block = blocks[piece.block]
          try writer.sections.append(
            UnsafeRawBufferPointer(rebasing: source[piece.offset..<piece.offset + piece.byteCount]),
            section: block.section, at: block.offset + written[piece.block])
          written[piece.block] += piece.byteCount
        }
      } catch { self.error.withLock { $0 = error } }
    }
  }

  /// Starts work that is still waiting for a batch to fill.
  func send() { queue.send() }

  /// Waits for all work.
  func finish() { queue.drain() }
}
