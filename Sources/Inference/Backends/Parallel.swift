internal import Synchronization

/// Distributes work over threads.
enum Parallel {
  /// Calls `body` with ranges that cover 0..<count, at most one for each thread.
  static func split(_ count: Int, threads: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let parts = min(threads, count)
    if parts <= 1 {
      if count > 0 { body(0..<count) }
      return
    }
    WorkerPool.shared.perform(parts) { part in
      body((count * part / parts)..<(count * (part + 1) / parts))
    }
  }

  /// Calls `body` for each of `count` tasks; each free worker takes the next task. Tasks that run at the same time have
  /// different workers, numbered below `threads`.
  ///
  /// A task's result must not depend on its worker, so results are the same for any number of threads.
  static func tasks(_ count: Int, threads: Int, _ body: @Sendable (_ task: Int, _ worker: Int) -> Void) {
    let workers = min(threads, count)
    if workers <= 1 {
      for task in 0..<max(0, count) { body(task, 0) }
      return
    }
    let next = Atomic(0)
    WorkerPool.shared.perform(workers) { worker in
      while true {
        let task = next.add(1, ordering: .relaxed).oldValue
        if task >= count { return }
        body(task, worker)
      }
    }
  }

  /// Calls `body` for each of `count` tasks. After an error no further task begins. Which error is thrown can
  /// depend on the threads; results do not.
  static func throwingTasks(
    _ count: Int, threads: Int, _ body: @Sendable (_ task: Int) throws(OperatorError) -> Void
  ) throws(OperatorError) {
    let failure = Mutex<OperatorError?>(nil)
    tasks(count, threads: threads) { task, _ in
      if failure.withLock({ $0 != nil }) { return }
      do throws(OperatorError) { try body(task) } catch { failure.withLock { $0 = error } }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }
}
