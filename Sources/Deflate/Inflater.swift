internal import CZlib

/// An inflate stream of zlib, from one buffer to another, in steps or at once.
///
/// Making one takes as long as inflating a small chunk, so readers reuse it after `reset`.
package final class Inflater {
  package enum Format: Int32, Sendable {
    /// RFC 1951 alone, as in zip archives; the negative number tells zlib that there is no header.
    case raw = -15
    /// RFC 1950, with a header and a checksum, as in HDF5 chunks.
    case zlib = 15
  }

  package enum Outcome: Equatable, Sendable {
    /// More input, or more room, is needed.
    case unfinished
    /// The stream's own end has been reached.
    case ended
    /// The stream is damaged, with zlib's message.
    case damaged(String)
  }

  /// Memory of one stream in bytes: zlib's manual gives 32 KiB for the window and 7 KiB for the rest.
  package static let byteCount = 42 << 10
  /// The most bytes that one byte can become: 258 bytes in two bits.
  package static let greatestRatio = 1032

  // zlib's state refers to its own address, so it must not move.
  private let state: UnsafeMutablePointer<z_stream>

  private init(state: UnsafeMutablePointer<z_stream>) { self.state = state }

  /// Returns nil if memory is short.
  package convenience init?(_ format: Format) {
    let state = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    state.initialize(to: z_stream())
    guard tessera_inflateInit2(state, format.rawValue) == Z_OK else {
      state.deallocate()
      return nil
    }
    self.init(state: state)
  }

  deinit {
    inflateEnd(state)
    state.deallocate()
  }

  /// A second stream in the same state; nil if memory is short.
  package func copy() -> Inflater? {
    let copy = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    copy.initialize(to: z_stream())
    guard inflateCopy(copy, state) == Z_OK else {
      copy.deallocate()
      return nil
    }
    return Inflater(state: copy)
  }

  /// Begins a new stream.
  package func reset() { inflateReset(state) }

  /// Inflates until `input` is used up or `output` is full, and returns the number of bytes used of each.
  package func step(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) -> (read: Int, written: Int, outcome: Outcome) { run(input, output, Z_NO_FLUSH) }

  /// Inflates a whole stream. Returns nil if the result fills `output` exactly, and otherwise the defect in words.
  package func all(_ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer) -> String? {
    // With Z_FINISH, zlib keeps no window for a later step.
    let (read, written, outcome) = run(input, output, Z_FINISH)
    switch outcome {
    case .ended where written == output.count: return nil
    case .ended: return "one of \(written)"
    case .unfinished:
      return read < input.count || written == output.count ? "a longer one" : "one that is cut off"
    case .damaged(let words): return "a damaged one (\(words))"
    }
  }

  private func run(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, _ flush: Int32
  ) -> (read: Int, written: Int, outcome: Outcome) {
    // zlib counts in 32 bits.
    let inputCount = min(input.count, 1 << 30)
    let outputCount = min(output.count, 1 << 30)
    state.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    state.pointee.avail_in = UInt32(inputCount)
    state.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    state.pointee.avail_out = UInt32(outputCount)
    let code = inflate(state, flush)
    let read = inputCount - Int(state.pointee.avail_in)
    let written = outputCount - Int(state.pointee.avail_out)
    switch code {
    case Z_OK, Z_BUF_ERROR: return (read, written, .unfinished)
    case Z_STREAM_END: return (read, written, .ended)
    default:
      let words = state.pointee.msg.map { String(cString: $0) } ?? "zlib error \(code)"
      return (read, written, .damaged(words))
    }
  }
}
