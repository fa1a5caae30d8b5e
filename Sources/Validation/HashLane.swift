internal import ByteFiles
internal import Dispatch
internal import TensorStreams
internal import Tensors

/// Hashes the windows of a tensor and counts what is not finite in them, beside the thread that reads them or on it.
///
/// SHA-256 of one tensor is serial. A tensor that is large beside the others is hashed on a queue of its own while its
/// next window is read; others are hashed where they are read, while their bytes are in that core's cache.
final class HashLane: @unchecked Sendable {
  // Proof of @unchecked: hasher and counts are touched by the blocks on the serial queue, or by the one reading thread
  // when there is no queue; `finish` waits for the queue before it touches them.
  private let hasher: SHA256Hasher?
  private var nonFinite: NonFiniteCount
  private let queue: DispatchQueue?
  private let free: DispatchSemaphore
  private let buffers: [UnsafeMutableRawBufferPointer]
  private var place = 0

  /// Bytes of a window: it and its pieces fit the second-level cache of a core.
  static let windowSize = 1 << 20

  /// - Parameter isParallel: whether to hash on a queue of its own.
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

  /// Lends memory of `windowSize` bytes for the next window; its first `count` bytes are hashed when `fill` has made
  /// them.
  private func window<Failure: Error>(
    _ count: Int, _ fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    free.wait()
    let buffer = buffers[place % buffers.count]
    place += 1
    do throws(Failure) { try fill(buffer) } catch {
      free.signal()
      throw error
    }
    guard let queue else {
      take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      return
    }
    // The buffer stays this window's until the block has signalled.
    nonisolated(unsafe) let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    queue.hand { [self] in take(bytes) }
  }

  private func take(_ bytes: UnsafeRawBufferPointer) {
    hasher?.update(bytes)
    nonFinite.add(bytes)
    free.signal()
  }

  /// Reads a tensor to its end.
  ///
  /// - Parameters:
  ///   - counter: is told of the bytes that were read.
  ///   - fill: has `reader` fill a buffer, and throws what that kind of reader throws.
  func read<Reader: TensorByteReader, Failure: Error>(
    _ reader: Reader, _ counter: ByteCounter,
    _ fill: (Reader, UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    while case let count = reader.nextStretch(limit: Self.windowSize), count > 0 {
      try window(count) { (buffer) throws(Failure) in
        try fill(reader, UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
      }
      counter.add(count)
    }
  }

  /// The digest of all windows, and what was not finite in them.
  func finish() -> (digest: SHA256Digest?, nonFinite: NonFiniteCount) {
    queue?.sync {}
    return (hasher?.finish(), nonFinite)
  }
}
