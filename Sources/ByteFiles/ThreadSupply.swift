package import Dispatch
internal import Glibc
internal import Synchronization

/// Threads, if the system can start them.
///
/// If no thread can be started (a process limit of a user or a container), Dispatch waits for ever. If no descriptor is
/// left for its own use, it ends the process. Both are tested once, before the first work is handed over. If one fails,
/// everything runs on the calling thread.
package enum ThreadSupply {
  /// The most threads that all queues of one command use at a time, besides the calling thread.
  private static let threadCount = 8
  /// Descriptors of Dispatch itself: an epoll instance, an event, timers, a read of `/proc`.
  private static let descriptorCount = 6

  /// Whether work can be handed to other threads.
  package static let isThere = hasDescriptors() && hasThreads()

  /// The number of processors that are online, at least 1.
  package static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Calls `body` with 0..<`count` on every core, or one after the other.
  package static func perform(_ count: Int, _ body: @Sendable (Int) -> Void) {
    if isThere { return DispatchQueue.concurrentPerform(iterations: count, execute: body) }
    for number in 0..<count { body(number) }
  }

  private static func hasDescriptors() -> Bool {
    var copies: [Int32] = []
    defer { for copy in copies { close(copy) } }
    let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
    if file < 0 { return false }
    copies.append(file)
    for _ in 1..<descriptorCount {
      let copy = fcntl(file, F_DUPFD_CLOEXEC, 0)
      if copy < 0 { return false }
      copies.append(copy)
    }
    return true
  }

  /// Whether the required number of threads can run at once.
  private static func hasThreads() -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, 64 << 10)
    let gate = DispatchSemaphore(value: 0)
    let context = Unmanaged.passUnretained(gate).toOpaque()
    var threads: [pthread_t] = []
    for _ in 0..<threadCount {
      var thread = pthread_t()
      let code = pthread_create(
        &thread, &attributes,
        { context in
          if let context { Unmanaged<DispatchSemaphore>.fromOpaque(context).takeUnretainedValue().wait() }
          return nil
        }, context)
      if code != 0 { break }
      threads.append(thread)
    }
    for _ in threads { gate.signal() }
    for thread in threads { pthread_join(thread, nil) }
    return withExtendedLifetime(gate) { threads.count == threadCount }
  }
}

extension DispatchQueue {
  /// Hands work to a thread of the queue, or does it at once if there are no threads.
  package func hand(group: DispatchGroup? = nil, _ work: @escaping @Sendable () -> Void) {
    if ThreadSupply.isThere { async(group: group, execute: work) } else { work() }
  }
}

/// A value that is computed on another thread, if threads are available, and read later.
package final class Background<Value: Sendable>: Sendable {
  private let group = DispatchGroup()
  private let made = Mutex<Value?>(nil)

  /// - Parameter make: runs at once if there are no threads.
  package init(_ make: @escaping @Sendable () -> Value) {
    DispatchQueue.global().hand(group: group) { [self] in
      let value = make()
      made.withLock { $0 = value }
    }
  }

  /// The value; waits until it is made.
  package var value: Value? {
    group.wait()
    return made.withLock { $0 }
  }
}
