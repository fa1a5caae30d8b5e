internal import Deflate

/// The state of a chunk that is inflated up to some byte; inflating can continue from it.
///
/// It takes about 40 KiB, whatever the chunk's size: mostly the 32 KiB that deflate may refer back to.
final class InflateCursor: @unchecked Sendable {
  // Proof of @unchecked: only the thread that made a cursor, or took it from the cache, uses it until it puts it back.
  // Copies are made under the cache's lock.

  private let inflater: Inflater
  /// Inflated bytes so far.
  private(set) var position = 0
  /// The number of stored bytes that have been used.
  private var consumed = 0
  private var isEnded = false

  private init(_ inflater: Inflater) { self.inflater = inflater }

  /// A cursor at the start of any chunk; nil if memory is short.
  convenience init?() {
    guard let inflater = Inflater(.zlib) else { return nil }
    self.init(inflater)
  }

  /// A second cursor at the same place; nil if memory is short.
  func copy() -> InflateCursor? {
    guard let copy = inflater.copy() else { return nil }
    let cursor = InflateCursor(copy)
    cursor.position = position
    cursor.consumed = consumed
    cursor.isEnded = isEnded
    return cursor
  }

  /// Fills `output` with the next bytes of `chunk`, which inflates to `byteCount`.
  ///
  /// The stream must end at the last byte as well.
  func read(
    _ chunk: StoredChunk, byteCount: Int, into output: UnsafeMutableRawBufferPointer, _ context: FileContext
  ) throws(HDF5Error) {
    try advance(chunk, byteCount: byteCount, into: output, context)
    position += output.count
    guard position == byteCount, !isEnded else { return }
    // One more byte is requested; the stream must end instead.
    var failure: HDF5Error?
    var isLonger = false
    withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { spare in
      do throws(HDF5Error) { isLonger = try step(chunk, spare, byteCount, context) > 0 } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    if isLonger || !isEnded { throw context.notInflated(at: chunk.offset, to: byteCount, "a longer one") }
  }

  private func advance(
    _ chunk: StoredChunk, byteCount: Int, into output: UnsafeMutableRawBufferPointer, _ context: FileContext
  ) throws(HDF5Error) {
    var done = 0
    while done < output.count {
      if isEnded { throw context.notInflated(at: chunk.offset, to: byteCount, "one of \(position + done)") }
      done += try step(chunk, UnsafeMutableRawBufferPointer(rebasing: output[done...]), byteCount, context)
    }
  }

  /// Inflates one read of stored bytes, at most until `output` is full; returns the number of inflated bytes.
  private func step(
    _ chunk: StoredChunk, _ output: UnsafeMutableRawBufferPointer, _ byteCount: Int, _ context: FileContext
  ) throws(HDF5Error) -> Int {
    // Little more than will be used, because a rest is read again.
    let count = min(chunk.count - consumed, max(512, min(output.count, 64 << 10)))
    guard count > 0 else { throw context.notInflated(at: chunk.offset, to: byteCount, "one that is cut off") }
    let input = try context.storedBytes(of: chunk, at: consumed, count: count)
    let (used, made, outcome) = input.withUnsafeBytes { inflater.step($0, output) }
    consumed += used
    switch outcome {
    case .damaged(let words):
      throw context.notInflated(at: chunk.offset, to: byteCount, "a damaged one (\(words))")
    case .ended: isEnded = true
    // A step that neither uses nor makes bytes would be repeated for ever.
    case .unfinished where used == 0 && made == 0:
      throw context.notInflated(at: chunk.offset, to: byteCount, "a longer one")
    case .unfinished: break
    }
    return made
  }
}
