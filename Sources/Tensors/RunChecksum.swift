internal import CXXHash

/// XXH3 with 64 bits over bytes that arrive in pieces: the checksum of a stored page.
///
/// Not `Sendable`: only one thread may use it at a time.
public final class RunChecksum {
  private let state: OpaquePointer

  /// A checksum of no bytes yet.
  public init() {
    // XXH3_createState returns NULL only if memory is short.
    guard let state = XXH3_createState() else { preconditionFailure("out of memory") }
    self.state = state
    XXH3_64bits_reset(state)
  }

  deinit { XXH3_freeState(state) }

  /// Adds `bytes` to the run.
  public func update(_ bytes: UnsafeRawBufferPointer) {
    XXH3_64bits_update(state, bytes.baseAddress, bytes.count)
  }

  /// The checksum of all bytes so far; afterwards a new run begins.
  public func finish() -> UInt64 {
    let value = XXH3_64bits_digest(state)
    XXH3_64bits_reset(state)
    return value
  }

  /// The checksum of bytes that are in one piece.
  public static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    XXH3_64bits(bytes.baseAddress, bytes.count)
  }
}
