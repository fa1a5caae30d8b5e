internal import ByteFiles
internal import CHDF5
internal import Glibc

/// The only access to libhdf5: every call of the C library happens inside `sync`.
///
/// Debian's build is thread-safe through a global lock of its own. This lock makes a *sequence* of calls atomic, and no
/// other call can change the thread's error stack before it is read. The lock is recursive because a handle's `deinit`
/// can run while a caller already holds it.
enum HDF5Library {
  private static let lock = RecursiveLock()

  /// Prevents the library from closing its files when the process ends: 1.10.8 then crashes if it could not flush a
  /// file because of a full disk or a limit on file sizes. Our files are in memory and are no longer needed then.
  private static let leavesExitAlone: Bool = H5dont_atexit() >= 0

  /// Runs `body` alone in the library, with the library's error printing off.
  static func sync<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    lock.enter()
    defer { lock.leave() }
    _ = leavesExitAlone
    // "Error printing is per thread": it is still on in a thread that comes here for the first time.
    H5Eset_auto2(hid_t(H5E_DEFAULT), nil, nil)
    return try body()
  }

  /// Throws for a negative `hid_t` or `herr_t`; the error stack is converted into text at once.
  static func check<Value: SignedInteger>(_ value: Value, _ call: StaticString) throws(HDF5Error) -> Value {
    if value >= 0 { return value }
    var message = takeErrorStack()
    // The driver's message of a failed write contains the system's errno, which gives the reason.
    if let mark = message.firstRange(of: "errno = "),
      let code = Int32(message[mark.upperBound...].prefix { $0.isNumber }), code != 0
    {
      message = FileError(action: "write", path: "", errno: code).reason
    }
    throw .library(call: "\(call)", message: message)
  }

  /// The messages of the calling thread's error stack, innermost last; clears the stack.
  private static func takeErrorStack() -> String {
    var messages: [String] = []
    withUnsafeMutablePointer(to: &messages) { pointer in
      // The callback only appends: it must not call back into the library.
      _ = H5Ewalk2(
        hid_t(H5E_DEFAULT), H5E_WALK_DOWNWARD,
        { _, entry, context in
          if let text = entry?.pointee.desc, let context {
            context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: text))
          }
          return 0
        }, pointer)
    }
    H5Eclear2(hid_t(H5E_DEFAULT))
    // One line: the driver's messages contain a date with a line end.
    let line = messages.joined(separator: ": ").map { $0.isNewline ? " " : $0 }
    return line.isEmpty ? "no message" : String(line)
  }

  /// The number of objects of any kind that are open in the library: 0 when nothing leaks.
  static func openObjectCount() -> Int {
    sync { Int(H5Fget_obj_count(tessera_all_files(), tessera_H5F_OBJ_ALL())) }
  }
}

/// A mutex that its owner may lock again.
private final class RecursiveLock: @unchecked Sendable {
  // Proof of @unchecked: the pointer is set once and refers to a pthread mutex.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>

  init() {
    mutex = .allocate(capacity: 1)
    var attributes = pthread_mutexattr_t()
    pthread_mutexattr_init(&attributes)
    pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_RECURSIVE))
    pthread_mutex_init(mutex, &attributes)
    pthread_mutexattr_destroy(&attributes)
  }

  func enter() { pthread_mutex_lock(mutex) }
  func leave() { pthread_mutex_unlock(mutex) }
}

/// The library's state, for tests.
package enum HDF5Diagnostics {
  /// Objects of any kind that are open in libhdf5, in all files together.
  package static var openObjects: Int { HDF5Library.openObjectCount() }
}
