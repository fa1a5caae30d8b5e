internal import Dispatch
internal import Synchronization

/// A few buffers that circulate between the thread that fills them and the queues that use them.
///
/// Reading, hashing and writing take turns on each buffer, and run at the same time on different buffers. Memory is
/// `count` × `capacity`, whatever the model's size. Small windows share a buffer: with one buffer for each window,
/// 4,000 small tensors made the threads wait for each other 19,000 times.
final class WindowRing {
  /// Bytes of one buffer.
  let capacity: Int
  private let buffers: [RingBuffer]
  private var next = 0
  /// The buffer that has room for more windows, and the number of its bytes that are lent.
  private var open: RingBuffer?
  private var lent = 0

  init(count: Int, capacity: Int) {
    self.capacity = capacity
    buffers = (0..<count).map { _ in RingBuffer(capacity: capacity) }
  }

  deinit { open?.release() }

  /// A window of `byteCount` bytes, at most `capacity`, that each of `users` users releases once.
  ///
  /// Waits while everything is in use. Only the thread that owns the ring may call this.
  ///
  /// - Parameter willWait: called before a possible wait, to start the users' work.
  func take(_ byteCount: Int, users: Int, willWait: () -> Void = {}) -> Window {
    if let open, byteCount <= capacity - lent { return window(in: open, byteCount, users: users) }
    willWait()
    open?.release()
    let buffer = buffers[next]
    next = (next + 1) % buffers.count
    buffer.acquire()
    open = buffer
    lent = 0
    return window(in: buffer, byteCount, users: users)
  }

  private func window(in buffer: RingBuffer, _ byteCount: Int, users: Int) -> Window {
    buffer.retain(users)
    let storage = UnsafeMutableRawBufferPointer(rebasing: buffer.memory[lent..<lent + byteCount])
    // The next window starts on its own cache line. Beyond the buffer's end there is no room for it.
    lent += (byteCount + 63) & ~63
    return Window(storage: storage, buffer: buffer)
  }
}

/// Some bytes of a ring's buffer, until all users have released them.
final class Window: @unchecked Sendable {
  // Proof of @unchecked: the thread that took the window fills it before it hands it on, users only read it, and
  // the buffer counts its users atomically.

  /// The memory; the window uses all of it.
  let storage: UnsafeMutableRawBufferPointer
  private let buffer: RingBuffer

  fileprivate init(storage: UnsafeMutableRawBufferPointer, buffer: RingBuffer) {
    self.storage = storage
    self.buffer = buffer
  }

  /// Called once by every user; the last release of all windows of a buffer frees the buffer.
  func release() { buffer.release() }
}

/// One buffer of a ring.
private final class RingBuffer: @unchecked Sendable {
  // Proof of @unchecked: the memory is allocated once, and the count of users is atomic.
  let memory: UnsafeMutableRawBufferPointer
  /// The number of users of the windows, plus one while the ring still lends from this buffer.
  private let users = Atomic(0)
  /// One semaphore for each buffer, not one for all: a window that is only hashed can be released before an earlier one
  /// is written, and must not let the ring overwrite the earlier one.
  private let free = DispatchSemaphore(value: 1)

  init(capacity: Int) { memory = .allocate(byteCount: capacity, alignment: 4096) }

  deinit { memory.deallocate() }

  func acquire() {
    free.wait()
    users.store(1, ordering: .releasing)
  }

  func retain(_ count: Int) { users.add(count, ordering: .acquiringAndReleasing) }

  func release() {
    if users.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { free.signal() }
  }
}
