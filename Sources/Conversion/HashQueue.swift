internal import Tensors

/// SHA-256 of tensors, in order within each tensor, two tensors at a time.
///
/// One core hashes a gigabyte in about the time that `cp` needs to copy it, so one queue would be the bottleneck.
final class HashQueue {
  private let lanes: [HashLane]
  private let tensorCount: Int

  init(tensorCount: Int) {
    self.tensorCount = tensorCount
    lanes = [HashLane(), HashLane()]
  }

  /// Hashes the window's bytes as the next ones of a tensor, then releases it.
  func update(_ window: Window, of tensor: Int) { lanes[tensor % lanes.count].update(window) }

  /// Ends the tensor with this number.
  func end(_ tensor: Int) { lanes[tensor % lanes.count].end(tensor) }

  /// Starts work that is still waiting for batches to fill.
  func send() { for lane in lanes { lane.send() } }

  /// Waits for all work and returns the digests; a tensor that was not ended has the digest of no bytes.
  func finish() -> [SHA256Digest] {
    var digests = [SHA256Digest](repeating: SHA256Hasher().finish(), count: tensorCount)
    for lane in lanes {
      for (tensor, digest) in lane.finish() { digests[tensor] = digest }
    }
    return digests
  }
}

/// SHA-256 of one tensor after the other, on its own queue.
private final class HashLane: @unchecked Sendable {
  // Proof of @unchecked: after `init` `hasher` and `digests` are touched only by work on the serial queue, and by
  // `finish` after the queue has drained; the queue itself belongs to the thread that calls the methods.
  private let queue = SerialQueue(label: "tessera.hash")
  private let hasher = SHA256Hasher()
  private var digests: [(tensor: Int, digest: SHA256Digest)] = []

  func update(_ window: Window) {
    queue.async(byteCount: window.storage.count) { [self] in
      hasher.update(UnsafeRawBufferPointer(window.storage))
      window.release()
    }
  }

  func end(_ tensor: Int) {
    queue.async(byteCount: 0) { [self] in digests.append((tensor, hasher.finish())) }
  }

  func send() { queue.send() }

  func finish() -> [(tensor: Int, digest: SHA256Digest)] {
    queue.drain()
    return digests
  }
}
