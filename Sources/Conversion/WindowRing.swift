internal import Dispatch
internal import Synchronization

/// A few buffers that go round between the thread that fills them and the queues that use them.
///
/// Reading, hashing and writing take turns on each buffer and overlap across buffers; memory stays at
/// `count` × `capacity` whatever the model's size.
final class WindowRing {
  /// Bytes of one buffer.
  let capacity: Int
  private let buffers: [UnsafeMutableRawBufferPointer]
  private let free: DispatchSemaphore
  private var next = 0

  init(count: Int, capacity: Int) {
    self.capacity = capacity
    buffers = (0..<count).map { _ in .allocate(byteCount: capacity, alignment: 4096) }
    free = DispatchSemaphore(value: count)
  }

  deinit {
    // The semaphore must end with its first value; `take` and `release` pair up once the queues have drained.
    for buffer in buffers { buffer.deallocate() }
  }

  /// The next buffer, once everyone has released it. Users release buffers in the order in which they were taken.
  func take(users: Int) -> Window {
    free.wait()
    defer { next = (next + 1) % buffers.count }
    return Window(storage: buffers[next], users: users, free: free)
  }
}

/// One buffer on its way round.
final class Window: @unchecked Sendable {
  // Proof of @unchecked: the thread that took the window fills it before it hands it on, users only read it, and
  // the count of users is atomic.

  /// The memory; the bytes in use are the first `count`.
  let storage: UnsafeMutableRawBufferPointer
  private let users: Atomic<Int>
  private let free: DispatchSemaphore

  init(storage: UnsafeMutableRawBufferPointer, users: Int, free: DispatchSemaphore) {
    self.storage = storage
    self.users = Atomic(users)
    self.free = free
  }

  /// The last user's release gives the buffer back.
  func release() {
    if users.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { free.signal() }
  }
}
