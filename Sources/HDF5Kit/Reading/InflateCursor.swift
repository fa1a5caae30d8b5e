internal import CZlib

/// A deflated chunk inflated up to some byte, ready to go on from there.
///
/// It has about 40 KiB, most of them the 32 KiB that deflate may refer back to; the chunk's own size does not matter.
final class InflateCursor: @unchecked Sendable {
  // Proof of @unchecked: a cursor is used by the thread that made it or took it from the cache, and by no other until
  // that thread has put it back; copies are made under the cache's lock.

  /// What a cursor takes, in bytes, as zlib's manual says for a window of 32 KiB.
  static let byteCount = 42 << 10

  // zlib's state refers to the struct's address, so it may not move.
  private let stream: UnsafeMutablePointer<z_stream>
  /// Inflated bytes so far.
  private(set) var position = 0
  /// Stored bytes that are used up.
  private var consumed = 0
  private var isEnded = false

  private init(stream: UnsafeMutablePointer<z_stream>) { self.stream = stream }

  /// A cursor at the start of any chunk; nil when memory is short.
  convenience init?() {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard tessera_inflateInit2(stream, 15) == Z_OK else {
      stream.deallocate()
      return nil
    }
    self.init(stream: stream)
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// A second cursor at the same place; nil when memory is short.
  func copy() -> InflateCursor? {
    let copy = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    copy.initialize(to: z_stream())
    guard inflateCopy(copy, stream) == Z_OK else {
      copy.deallocate()
      return nil
    }
    let cursor = InflateCursor(stream: copy)
    cursor.position = position
    cursor.consumed = consumed
    cursor.isEnded = isEnded
    return cursor
  }

  /// Fills `output` with the next bytes of `chunk`, which inflates to `byteCount`.
  ///
  /// At the last byte the stream must end as well.
  func read(
    _ chunk: StoredChunk, byteCount: Int, into output: UnsafeMutableRawBufferPointer, _ context: FileContext
  ) throws(HDF5Error) {
    try advance(chunk, byteCount: byteCount, into: output, context)
    position += output.count
    guard position == byteCount, !isEnded else { return }
    // One more byte is asked for, and none may come.
    var failure: HDF5Error?
    var isLonger = false
    withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { spare in
      do throws(HDF5Error) { isLonger = try step(chunk, spare, byteCount, context) > 0 } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    if isLonger || !isEnded { throw broken(chunk, byteCount, Z_OK, context) }
  }

  private func advance(
    _ chunk: StoredChunk, byteCount: Int, into output: UnsafeMutableRawBufferPointer, _ context: FileContext
  ) throws(HDF5Error) {
    var done = 0
    while done < output.count {
      if isEnded { throw broken(chunk, byteCount, Z_STREAM_END, context) }
      done += try step(chunk, UnsafeMutableRawBufferPointer(rebasing: output[done...]), byteCount, context)
    }
  }

  /// Inflates what one read of stored bytes gives, at most what `output` holds; returns how much that was.
  private func step(
    _ chunk: StoredChunk, _ output: UnsafeMutableRawBufferPointer, _ byteCount: Int, _ context: FileContext
  ) throws(HDF5Error) -> Int {
    // Little more than is likely to be used: what is left over is read again.
    let count = min(chunk.count - consumed, max(512, min(output.count, 64 << 10)))
    guard count > 0 else { throw broken(chunk, byteCount, Z_BUF_ERROR, context) }
    var input = try context.storedBytes(of: chunk, at: consumed, count: count)
    let room = UInt32(clamping: output.count)
    let status = input.withUnsafeMutableBufferPointer { input in
      stream.pointee.next_in = input.baseAddress
      stream.pointee.avail_in = UInt32(clamping: count)
      stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = room
      return CZlib.inflate(stream, Z_NO_FLUSH)
    }
    let used = count - Int(stream.pointee.avail_in)
    let made = Int(room - stream.pointee.avail_out)
    consumed += used
    isEnded = status == Z_STREAM_END
    // A step that neither takes nor gives would be taken for ever.
    guard isEnded || status == Z_OK && (used > 0 || made > 0) else {
      throw broken(chunk, byteCount, status, context)
    }
    return made
  }

  private func broken(
    _ chunk: StoredChunk, _ byteCount: Int, _ status: Int32, _ context: FileContext
  ) -> HDF5Error {
    context.malformed(
      "chunk", at: chunk.offset, expected: "a deflate stream of \(byteCount) bytes",
      found: "a broken, shorter or longer stream (zlib \(status))")
  }
}
