internal import ByteFiles
internal import Dispatch

/// A serial queue that hands its thread small pieces of work together.
///
/// To wake a thread takes longer than to hash a small tensor: with 4,000 of them, each handed on by itself, threads woke
/// one another 19,000 times.
final class SerialQueue {
  private let queue: DispatchQueue
  private var waiting: [@Sendable () -> Void] = []
  private var waitingBytes = 0

  /// Bytes, and pieces, after which work goes on its way.
  private static let batchBytes = 256 << 10
  private static let batchCount = 256

  init(label: String) { queue = DispatchQueue(label: label) }

  /// Does the work after all that came before; only the thread that owns the queue may call this.
  ///
  /// - Parameter byteCount: how many bytes it is about.
  func async(byteCount: Int, _ work: @escaping @Sendable () -> Void) {
    waiting.append(work)
    waitingBytes += byteCount
    if waitingBytes >= Self.batchBytes || waiting.count >= Self.batchCount { send() }
  }

  /// Waits for everything.
  func drain() {
    send()
    queue.sync {}
  }

  /// Sends what waits here on its way; who is about to wait for it has to call this first.
  func send() {
    if waiting.isEmpty { return }
    let batch = waiting
    waiting = []
    waitingBytes = 0
    queue.hand { for work in batch { work() } }
  }
}
