internal import Foundation

/// Processor seconds after which a cost is of the wrong order, on any machine. The costs that are compared take one or two.
///
/// Not a time limit of the test: those count from before a test gets a thread, and so measure the queue.
public let wrongOrderSeconds = 60.0

/// The processor seconds that the calling thread spends in `body`; a busy machine does not increase them.
public func threadSeconds(_ body: () throws -> Void) rethrows -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
  let start = now()
  try body()
  return now() - start
}
