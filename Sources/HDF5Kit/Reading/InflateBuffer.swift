internal import Deflate

/// zlib's state and memory for one chunk. They are reused, because making them takes as long as inflating a small
/// chunk.
final class InflateBuffer: @unchecked Sendable {
  // Proof of @unchecked: a thread takes it from the pool before using it, and no other thread gets it until it is given
  // back.

  private let inflater: Inflater
  private var stored = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 16)
  private var inflated = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 16)

  /// Returns nil if memory is short.
  init?() {
    guard let inflater = Inflater(.zlib) else { return nil }
    self.inflater = inflater
  }

  deinit {
    stored.deallocate()
    inflated.deallocate()
  }

  /// Reads the chunk's stored bytes from the file.
  func read(_ chunk: StoredChunk, _ context: FileContext) throws(HDF5Error) {
    Self.grow(&stored, to: chunk.count)
    try context.read(
      at: chunk.offset, into: UnsafeMutableRawBufferPointer(rebasing: stored[..<chunk.count]), in: "chunk")
  }

  /// Inflates the chunk that was read to exactly `byteCount` bytes; they are valid until the next call.
  func inflate(
    _ chunk: StoredChunk, byteCount: Int, _ context: FileContext
  ) throws(HDF5Error) -> UnsafeRawBufferPointer {
    guard byteCount / Inflater.greatestRatio <= chunk.count else {
      throw context.notInflated(at: chunk.offset, to: byteCount, "\(chunk.count.grouped) stored bytes")
    }
    Self.grow(&inflated, to: byteCount)
    inflater.reset()
    let output = UnsafeMutableRawBufferPointer(rebasing: inflated[..<byteCount])
    let input = UnsafeRawBufferPointer(rebasing: stored[..<chunk.count])
    if let problem = inflater.all(input, output) {
      throw context.notInflated(at: chunk.offset, to: byteCount, problem)
    }
    return UnsafeRawBufferPointer(output)
  }

  private static func grow(_ buffer: inout UnsafeMutableRawBufferPointer, to count: Int) {
    if buffer.count >= count { return }
    buffer.deallocate()
    buffer = .allocate(byteCount: count, alignment: 16)
  }
}
