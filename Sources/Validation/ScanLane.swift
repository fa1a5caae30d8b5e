internal import ByteFiles
internal import Dispatch
internal import TensorStreams
internal import Tensors

/// Hashes the windows of a tensor and counts its non-finite elements, on the reading thread or on a queue.
///
/// SHA-256 of one tensor cannot be divided. A tensor that is large compared with the others is hashed on its own queue
/// while its next window is read. Other tensors are hashed on the reading thread, while their bytes are in the core's
/// cache.
final class ScanLane: @unchecked Sendable {
  // Proof of @unchecked: hasher and counts are used only by blocks on the serial queue or, if there is no queue, by the
  // one reading thread; `finish` waits for the queue before it uses them.
  private let hasher: SHA256Hasher?
  private var nonFinite: NonFiniteCount
  private let queue: DispatchQueue?
  private let free: DispatchSemaphore
  private let buffers: [UnsafeMutableRawBufferPointer]
  private var place = 0

  /// Bytes of a window: the window and its pieces fit the second-level cache of a core.
  static let windowSize = 1 << 20

  /// - Parameter isParallel: whether to hash on a separate queue.
  init(_ dtype: DType, hashes: Bool = true, isParallel: Bool) {
    hasher = hashes ? SHA256Hasher() : nil
    nonFinite = NonFiniteCount(dtype)
    queue = isParallel ? DispatchQueue(label: "tessera.hash") : nil
    buffers = (0..<(isParallel ? 3 : 1)).map { _ in
      UnsafeMutableRawBufferPointer.allocate(byteCount: Self.windowSize, alignment: 4096)
    }
    free = DispatchSemaphore(value: buffers.count)
  }

  deinit { for buffer in buffers { buffer.deallocate() } }

  /// Passes memory for the next window of `count` bytes to `fill`; after `fill` returns, hashes the bytes.
  private func window(_ count: Int, _ fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
    free.wait()
    let buffer = buffers[place % buffers.count]
    do { try fill(buffer) } catch {
      free.signal()
      throw error
    }
    place += 1
    guard let queue else {
      take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      return
    }
    // The buffer belongs to this window until the block signals.
    nonisolated(unsafe) let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    queue.hand { [self] in take(bytes) }
  }

  private func take(_ bytes: UnsafeRawBufferPointer) {
    hasher?.update(bytes)
    nonFinite.add(bytes)
    free.signal()
  }

  /// Reads a tensor completely.
  ///
  /// - Parameter counter: counts the bytes that were read.
  func read(_ reader: any TensorByteReader, _ counter: ByteCounter) throws {
    while case let count = reader.nextStretch(limit: Self.windowSize), count > 0 {
      try window(count) { try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count])) }
      counter.add(count)
    }
  }

  /// The digest of all windows, and the counts of non-finite elements.
  func finish() -> (digest: SHA256Digest?, nonFinite: NonFiniteCount) {
    queue?.sync {}
    return (hasher?.finish(), nonFinite)
  }
}
