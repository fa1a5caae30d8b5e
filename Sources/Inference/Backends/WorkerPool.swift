internal import ByteFiles
internal import CKernels
internal import Glibc
internal import Synchronization

/// Threads that compute parts of an operator. Before they sleep, they wait for the next operator for a moment in a loop:
/// waking a sleeping thread takes as long as many operators.
final class WorkerPool: @unchecked Sendable {
  // Proof of @unchecked: `state` is only used under `lock`; the rest is atomic or immutable.
  static let shared = WorkerPool()

  /// The parts of one operator; each worker takes the next part until none is left.
  private final class Job: @unchecked Sendable {
    // Proof of @unchecked: the caller of `perform` waits until all parts are done, so `body` is never read after it has
    // returned; the rest is atomic or immutable.
    private let body: UnsafePointer<(Int) -> Void>
    private let count: Int
    private let next = Atomic(0)
    private let done = Atomic(0)

    init(_ count: Int, _ body: UnsafePointer<(Int) -> Void>) {
      self.count = count
      self.body = body
    }

    func work() {
      while true {
        let part = next.add(1, ordering: .relaxed).oldValue
        if part >= count { return }
        perform(part)
        done.add(1, ordering: .acquiringAndReleasing)
      }
    }

    /// A function of its own, so that its reference to the closure ends before the part counts as done.
    @inline(never)
    private func perform(_ part: Int) { body.pointee(part) }

    var isDone: Bool { done.load(ordering: .acquiring) == count }
  }

  private struct State {
    var job: Job?
    var threads = 0
    var sleepers = 0
  }

  // A condition variable needs a mutex of its own kind, at a fixed address.
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let state = UnsafeMutablePointer<State>.allocate(capacity: 1)
  private let number = Atomic(0)
  private let isBusy = Atomic(false)

  /// Turns of the loop before a thread sleeps or gives way: about 200 µs, longer than most operators on one thread.
  private static let patience = 8_000

  private init() {
    pthread_mutex_init(lock, nil)
    pthread_cond_init(wake, nil)
    state.initialize(to: State())
  }

  /// Calls `body` with 0..<`count`, on this thread and up to `count` − 1 others. While another caller uses the threads,
  /// everything runs on this one.
  func perform(_ count: Int, _ body: (Int) -> Void) {
    guard count > 1, ThreadSupply.isThere, !isBusy.exchange(true, ordering: .acquiring) else {
      for part in 0..<count { body(part) }
      return
    }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { body in
        let job = Job(count, body)
        start(job, threads: count - 1)
        job.work()
        var turns = 0
        while !job.isDone {
          turns += 1
          if turns < Self.patience { tessera_pause() } else { sched_yield() }
        }
        pthread_mutex_lock(lock)
        state.pointee.job = nil
        pthread_mutex_unlock(lock)
      }
    }
    isBusy.store(false, ordering: .releasing)
  }

  private func start(_ job: Job, threads: Int) {
    pthread_mutex_lock(lock)
    state.pointee.job = job
    number.add(1, ordering: .releasing)
    while state.pointee.threads < threads, startThread() { state.pointee.threads += 1 }
    if state.pointee.sleepers > 0 { pthread_cond_broadcast(wake) }
    pthread_mutex_unlock(lock)
  }

  private func startThread() -> Bool {
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { _ in
        WorkerPool.shared.wait()
        return nil
      }, nil)
    if code == 0 { pthread_detach(thread) }
    return code == 0
  }

  /// The life of a thread.
  private func wait() {
    var last = 0
    while true {
      var turns = 0
      while number.load(ordering: .acquiring) == last, turns < Self.patience {
        tessera_pause()
        turns += 1
      }
      pthread_mutex_lock(lock)
      while number.load(ordering: .acquiring) == last {
        state.pointee.sleepers += 1
        pthread_cond_wait(wake, lock)
        state.pointee.sleepers -= 1
      }
      last = number.load(ordering: .acquiring)
      let job = state.pointee.job
      pthread_mutex_unlock(lock)
      job?.work()
    }
  }
}
