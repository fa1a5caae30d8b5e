internal import CZlib

/// zlib's state and memory for one chunk, used again and again: making them anew takes as long as a small chunk.
final class InflateBuffer: @unchecked Sendable {
  // Proof of @unchecked: whoever uses it has taken it from the pool, where nobody else finds it until it is put back.

  // zlib's state refers to the struct's address, so it may not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private var stored = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 16)
  private var inflated = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 16)

  /// Nil when memory is short.
  init?() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard tessera_inflateInit2(stream, 15) == Z_OK else {
      stream.deallocate()
      return nil
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    stored.deallocate()
    inflated.deallocate()
  }

  /// What the chunk is in the file.
  func read(_ chunk: StoredChunk, _ context: FileContext) throws(HDF5Error) {
    Self.grow(&stored, to: chunk.count)
    try context.read(
      at: chunk.offset, into: UnsafeMutableRawBufferPointer(rebasing: stored[..<chunk.count]), in: "chunk")
  }

  /// What the chunk that was read inflates to, exactly `byteCount` bytes; valid until the next call.
  func inflate(
    _ chunk: StoredChunk, byteCount: Int, _ context: FileContext
  ) throws(HDF5Error) -> UnsafeRawBufferPointer {
    guard byteCount / 1032 <= chunk.count, let input = UInt32(exactly: chunk.count),
      let room = UInt32(exactly: byteCount)
    else { throw broken(chunk, byteCount, found: "\(chunk.count) stored bytes", context) }
    Self.grow(&inflated, to: byteCount)
    inflateReset(stream)
    stream.pointee.next_in = stored.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = input
    stream.pointee.next_out = inflated.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = room
    let status = CZlib.inflate(stream, Z_FINISH)
    guard status == Z_STREAM_END, stream.pointee.avail_out == 0 else {
      throw broken(chunk, byteCount, found: "a broken, shorter or longer stream (zlib \(status))", context)
    }
    return UnsafeRawBufferPointer(rebasing: inflated[..<byteCount])
  }

  private static func grow(_ buffer: inout UnsafeMutableRawBufferPointer, to count: Int) {
    if buffer.count >= count { return }
    buffer.deallocate()
    buffer = .allocate(byteCount: count, alignment: 16)
  }

  private func broken(
    _ chunk: StoredChunk, _ byteCount: Int, found: String, _ context: FileContext
  ) -> HDF5Error {
    context.malformed(
      "chunk", at: chunk.offset, expected: "a deflate stream of \(byteCount) bytes", found: found)
  }
}
