internal import Dispatch

/// Work shared out among threads.
enum Parallel {
  /// Calls `body` with ranges that cover 0..<count, at most one for each thread.
  static func split(_ count: Int, threads: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let parts = min(threads, count)
    if parts <= 1 {
      if count > 0 { body(0..<count) }
      return
    }
    DispatchQueue.concurrentPerform(iterations: parts) { part in
      body((count * part / parts)..<(count * (part + 1) / parts))
    }
  }
}
