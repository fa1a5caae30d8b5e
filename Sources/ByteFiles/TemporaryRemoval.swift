internal import Glibc
internal import Synchronization

/// Removes unfinished temporary files when a signal ends the process.
///
/// Without it, Ctrl-C leaves a file of the destination's size until the next conversion finds it. A library must not
/// take over its host's signals, so nothing happens before `install`, which a command calls once at its start.
public enum TemporaryRemoval {
  /// The signals by which people and tools end a program: Ctrl-C, `kill`, a terminal that closes.
  private static let signals = [SIGINT, SIGTERM, SIGHUP]

  /// Makes these signals remove the temporary files and then end the process, as without a handler.
  ///
  /// A signal that the process already ignored at its start (`nohup`) stays ignored.
  public static func install() {
    // The handler must not be the first to use the table, because making a global takes a lock.
    guard table[0].load(ordering: .relaxed) == nil else { return }
    for number in signals {
      var old = sigaction()
      guard sigaction(number, nil, &old) == 0, old.__sigaction_handler.sa_handler == nil else { continue }
      var new = sigaction()
      new.__sigaction_handler.sa_handler = removeAndEnd
      // "Restore the signal action to the default upon entry to the signal handler" (sigaction(2)).
      new.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
      sigemptyset(&new.sa_mask)
      sigaction(number, &new, nil)
    }
  }

  /// Removes every temporary file before a process ends by itself: `exit` runs no `deinit`, and a queue may still hold
  /// a file whose writer has failed.
  public static func removeAllNow() { removeAll() }

  /// A place in the table.
  struct Slot { fileprivate let index: Int }

  /// Registers a temporary file. If the table is full, returns nil; the next writer then removes the file if this
  /// process does not.
  static func register(_ path: String) -> Slot? {
    // Never freed: the handler may be reading it on another thread at any time, and a path has about a hundred bytes.
    guard let copy = SystemPath.with(path, failing: nil, { strdup($0) }) else { return nil }
    for index in 0..<slotCount {
      if table[index].compareExchange(expected: nil, desired: copy, ordering: .acquiringAndReleasing)
        .exchanged
      {
        return Slot(index: index)
      }
    }
    free(copy)
    return nil
  }

  /// Holds signals back while several files are renamed: the process must not end between two renames.
  static func holdSignals() { held.add(1, ordering: .sequentiallyConsistent) }

  /// Lets signals end the process again; a signal that came meanwhile does so now.
  static func releaseSignals() {
    guard held.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 else { return }
    let number = waiting.load(ordering: .sequentiallyConsistent)
    if number != 0 { removeAndEnd(number) }
  }

  /// Removes a temporary file from the table: it is deleted, or has become the destination. Call it once, because
  /// another file may use the slot afterwards.
  static func forget(_ slot: Slot?) {
    if let slot { table[slot.index].store(nil, ordering: .releasing) }
  }
}

/// A set of shards keeps all its files until the last is written. Files beyond this number are not registered.
private let slotCount = 4096

/// The temporary files' paths as C strings, because the handler can neither allocate nor convert.
///
/// Safe without isolation: the pointer is set once and refers to atomics.
nonisolated(unsafe) private let table: UnsafeMutablePointer<Atomic<UnsafeMutablePointer<CChar>?>> = {
  let slots = UnsafeMutablePointer<Atomic<UnsafeMutablePointer<CChar>?>>.allocate(capacity: slotCount)
  for index in 0..<slotCount { (slots + index).initialize(to: Atomic(nil)) }
  return slots
}()

/// The number of sets that are being renamed, and the signal that came meanwhile; 0 for none.
private let held = Atomic<Int>(0)
private let waiting = Atomic<Int32>(0)

/// Removes everything that is registered; the handler calls it, so it uses only calls that signal-safety(7) lists.
private func removeAll() {
  for index in 0..<slotCount {
    if let path = table[index].load(ordering: .acquiring) { unlink(path) }
  }
  // First the hidden folders of sets, which are empty now, then the folders that were made for a set and contain them.
  // For every other path the call fails without an effect.
  for _ in 0..<2 {
    for index in 0..<slotCount {
      if let path = table[index].load(ordering: .acquiring) { rmdir(path) }
    }
  }
}

/// The handler. It interrupts any instruction of any thread, so it may only call what signal-safety(7) lists, such as
/// `unlink` and `raise`; it must not allocate, lock or use Swift objects.
private func removeAndEnd(_ number: Int32) {
  if held.load(ordering: .sequentiallyConsistent) > 0 {
    // The default action is set again by now, so a second signal ends the process at once.
    waiting.store(number, ordering: .sequentiallyConsistent)
    return
  }
  removeAll()
  // The signal is blocked until the handler returns. Then the default action ends the process, and its parent sees that
  // a signal ended it.
  raise(number)
}
