internal import Dispatch
internal import Tensors

/// SHA-256 of one tensor after the other, on a queue of its own.
final class HashQueue: @unchecked Sendable {
  // Proof of @unchecked: after `init` the stored state is touched only by blocks on the serial queue, and by
  // `finish` after the queue has drained.
  private let queue = DispatchQueue(label: "tessera.hash")
  private let hasher = SHA256Hasher()
  private var digests: [SHA256Digest?]

  init(tensorCount: Int) { digests = [SHA256Digest?](repeating: nil, count: tensorCount) }

  /// Hashes the window's bytes, then releases it.
  func update(_ window: Window) {
    queue.async { [self] in
      hasher.update(UnsafeRawBufferPointer(window.storage))
      window.release()
    }
  }

  /// Ends the tensor with this number.
  func end(_ tensor: Int) {
    queue.async { [self] in digests[tensor] = hasher.finish() }
  }

  /// Waits for everything and returns the digests; a tensor that never ended has that of no bytes.
  func finish() -> [SHA256Digest] {
    queue.sync {}
    let empty = hasher.finish()
    return digests.map { $0 ?? empty }
  }
}
