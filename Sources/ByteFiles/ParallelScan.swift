internal import Dispatch
internal import Glibc
internal import Synchronization

/// Runs independent jobs on every core, the largest first, and reports the bytes that were read.
package enum ParallelScan {
  /// The results of all jobs, in the order of `sizes`.
  ///
  /// - Parameters:
  ///   - sizes: bytes that each job reads.
  ///   - workers: the number of jobs that run at once.
  ///   - progress: called on this thread about ten times a second, with the bytes since the last call.
  ///   - job: does the job of this number, and counts the bytes that it has read.
  package static func run<Value: Sendable>(
    sizes: [Int], workers: Int = workerCount, progress: (Int) -> Void,
    job: @escaping @Sendable (Int, ByteCounter) -> Value
  ) -> [Value] {
    // The largest job must not come last, when the other cores have finished.
    let order = sizes.indices.sorted { (sizes[$0], $1) > (sizes[$1], $0) }
    let state = State<Value>()
    let group = DispatchGroup()
    for _ in 0..<min(workers, order.count) {
      DispatchQueue.global().hand(group: group) {
        while true {
          let place = state.next.add(1, ordering: .relaxed).oldValue
          guard place < order.count else { return }
          let value = job(order[place], state.counter)
          state.results.withLock { $0[order[place]] = value }
        }
      }
    }
    while group.wait(timeout: .now() + .milliseconds(100)) == .timedOut { progress(state.counter.take()) }
    progress(state.counter.take())
    let results = state.results.withLock { $0 }
    return sizes.indices.compactMap { results[$0] }
  }

  /// One worker for each processor that is online.
  package static var workerCount: Int { ThreadSupply.processorCount }

  private final class State<Value: Sendable>: Sendable {
    let next = Atomic(0)
    let counter = ByteCounter()
    let results = Mutex<[Int: Value]>([:])
  }
}

/// Counts bytes from several threads.
package final class ByteCounter: Sendable {
  private let count = Atomic(0)

  package init() {}

  package func add(_ bytes: Int) { count.add(bytes, ordering: .relaxed) }

  /// The bytes since the last call.
  package func take() -> Int { count.exchange(0, ordering: .relaxed) }
}
