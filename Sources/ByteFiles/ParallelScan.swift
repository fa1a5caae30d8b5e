internal import Dispatch
internal import Glibc
internal import Synchronization

/// Does many independent jobs on every core, the largest first, and tells the caller how many bytes were read.
package enum ParallelScan {
  /// The results of all jobs, by job.
  ///
  /// - Parameters:
  ///   - sizes: bytes that each job reads.
  ///   - workers: how many jobs run at once.
  ///   - progress: called on this thread about ten times a second.
  ///   - job: does the job of a number, and counts the bytes it has read.
  package static func run<Value: Sendable>(
    sizes: [Int], workers: Int = workerCount, progress: (Int) -> Void,
    job: @escaping @Sendable (Int, ByteCounter) -> Value
  ) -> [Value] {
    // What is largest must not come last, when the other cores have nothing left to do.
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

  /// A worker for each core that this process may use.
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
