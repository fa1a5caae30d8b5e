internal import CZlib

/// Raw deflate, from one buffer to another.
///
/// zlib's state points into itself, so it lives at one address for the object's life.
final class Inflater {
  enum Outcome: Equatable {
    /// More input, or more room, is needed.
    case goingOn
    /// The stream's own end has been reached.
    case ended
    /// zlib's own words for what is wrong.
    case damaged(String)
  }

  private let state: UnsafeMutablePointer<z_stream>
  private var ready = false

  init() {
    state = .allocate(capacity: 1)
    state.initialize(to: z_stream())
    // Negative window bits: no zlib header. It fails only when memory is gone, which `inflate` then reports.
    ready = tessera_inflateInit2(state, -15) == Z_OK
  }

  deinit {
    if ready { inflateEnd(state) }
    state.deallocate()
  }

  /// Unpacks from `input` to `output` as far as either goes; says how much of both was used.
  func step(
    _ input: UnsafeMutableRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) -> (read: Int, written: Int, outcome: Outcome) {
    guard ready else { return (0, 0, .damaged("out of memory")) }
    // zlib counts in 32 bits.
    let inputCount = min(input.count, 1 << 30)
    let outputCount = min(output.count, 1 << 30)
    state.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    state.pointee.avail_in = UInt32(inputCount)
    state.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    state.pointee.avail_out = UInt32(outputCount)
    let code = inflate(state, Z_NO_FLUSH)
    let read = inputCount - Int(state.pointee.avail_in)
    let written = outputCount - Int(state.pointee.avail_out)
    switch code {
    case Z_OK, Z_BUF_ERROR: return (read, written, .goingOn)
    case Z_STREAM_END: return (read, written, .ended)
    default:
      let words = state.pointee.msg.map { String(cString: $0) } ?? "zlib error \(code)"
      return (read, written, .damaged(words))
    }
  }
}
