internal import CHDF5

/// One open object of the library, closed exactly once.
///
/// The id is only available inside `withID`: with `call(handle.id)` the optimiser could release the handle before the
/// call.
final class HDF5Handle {
  private let id: hid_t
  private let close: (hid_t) -> herr_t
  private var isOpen = true

  /// Takes over an id that a call has just returned. For a negative id, throws with the library's message.
  init(taking id: hid_t, from call: StaticString, close: @escaping (hid_t) -> herr_t) throws(HDF5Error) {
    self.id = try HDF5Library.check(id, call)
    self.close = close
  }

  deinit {
    if isOpen { HDF5Library.sync { _ = close(id) } }
  }

  /// Closes the object now, for callers that must know of a failure; after a failure it is still open.
  func closeNow(_ call: StaticString) throws(HDF5Error) {
    _ = try HDF5Library.check(close(id), call)
    isOpen = false
  }

  /// Passes the id to `body`.
  func withID<Result>(_ body: (hid_t) throws(HDF5Error) -> Result) throws(HDF5Error) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(id)
  }

  /// Makes a call that returns a negative number on failure.
  func call(_ name: StaticString, _ body: (hid_t) -> herr_t) throws(HDF5Error) {
    defer { withExtendedLifetime(self) {} }
    _ = try HDF5Library.check(body(id), name)
  }
}
