internal import CZlib

/// Shuffles and deflates chunks, each into one zlib stream that every HDF5 tool can read.
///
/// The bytes of weights differ by their place in an element. Mantissa bytes are noise, exponent bytes are unevenly
/// distributed, and bytes of a pruned tensor are runs of zeros. One deflate stream may have blocks of all kinds. Each
/// plane of the shuffled chunk gets the kind that makes it smallest, and noise takes no longer than a copy.
///
/// Only one thread uses it at a time. The same bytes give the same stream, whatever was encoded before.
package final class ChunkEncoder: @unchecked Sendable {
  // Proof of @unchecked: it owns all of its memory, and a thread takes it from a pool under a lock before using it.
  private let capacity: Int
  private let shuffled: UnsafeMutablePointer<UInt8>
  private let trial: UnsafeMutablePointer<UInt8>
  private let tokens: UnsafeMutablePointer<UInt32>
  private let codes = (
    HuffmanCode(capacity: HuffmanCode.symbolLimit), HuffmanCode(capacity: HuffmanCode.symbolLimit)
  )
  private let helper = HuffmanCode(capacity: 19)
  private let matcher: UnsafeMutablePointer<z_stream>

  /// The most bytes that an encoded chunk of `byteCount` bytes takes.
  package static func outputLimit(_ byteCount: Int, elementSize: Int) -> Int {
    byteCount + (byteCount / 0xFFFF + 2 * elementSize + 2) * 6 + 32
  }

  /// - Parameter capacity: bytes of the largest chunk.
  package init(capacity: Int) {
    self.capacity = capacity
    shuffled = .allocate(capacity: capacity + 64)
    trial = .allocate(capacity: capacity + 64)
    tokens = .allocate(capacity: capacity + 1)
    matcher = .allocate(capacity: 1)
    matcher.initialize(to: z_stream())
    // A window of 32 KiB, no zlib header; HDF5 tools use level 4 to 6. It fails only without memory, and then `match`
    // fails every time.
    _ = tessera_deflateInit2(matcher, 6, -15, 9, Z_DEFAULT_STRATEGY)
  }

  deinit {
    deflateEnd(matcher)
    matcher.deallocate()
    shuffled.deallocate()
    trial.deallocate()
    tokens.deallocate()
    codes.0.deallocate()
    codes.1.deallocate()
    helper.deallocate()
  }

  /// Encodes a chunk; returns the number of encoded bytes, or 0 if the chunk or the output breaks a bound below.
  ///
  /// - Parameters:
  ///   - chunk: whole elements, at most `capacity` bytes.
  ///   - elementSize: bytes of an element; with 1, nothing is shuffled.
  ///   - output: room for `outputLimit` bytes.
  package func encode(
    _ chunk: UnsafeRawBufferPointer, elementSize: Int, into output: UnsafeMutableRawBufferPointer
  ) -> Int {
    guard let source = chunk.baseAddress, chunk.count <= capacity,
      let start = output.baseAddress?.assumingMemoryBound(to: UInt8.self),
      output.count >= Self.outputLimit(chunk.count, elementSize: elementSize)
    else { return 0 }
    let count = chunk.count / elementSize
    ByteShuffle.shuffle(source, to: shuffled, count: count, size: elementSize)
    // RFC 1950: deflate with a window of 32 KiB, the fastest algorithm.
    (start[0], start[1]) = (0x78, 0x01)
    var writer = DeflateBitWriter(start + 2)
    let samples = (0..<elementSize).map { PlaneSample(plane($0, count)) }
    var next = 0
    while next < elementSize {
      let first = next
      let isNoise = samples[first].isNoise
      while next < elementSize, samples[next].isNoise == isNoise { next += 1 }
      let group = UnsafeBufferPointer(start: shuffled + first * count, count: (next - first) * count)
      if isNoise {
        writer.putStored(UnsafeRawBufferPointer(group))
      } else {
        write(group, planes: first..<next, samples, &writer)
      }
    }
    // The last block is empty, with fixed codes.
    writer.put(0b011, 10)
    writer.align()
    let checksum = Adler32.checksum(UnsafeRawBufferPointer(start: shuffled, count: chunk.count))
    writer.put(UInt64(checksum.byteSwapped), 32)
    return writer.target - start
  }

  private func plane(_ number: Int, _ count: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: shuffled + number * count, count: count)
  }

  /// Writes neighbouring planes that are not noise. If they repeat and zlib makes them smaller, zlib writes all of them
  /// together; else each is written by itself.
  private func write(
    _ group: UnsafeBufferPointer<UInt8>, planes: Range<Int>, _ samples: [PlaneSample],
    _ writer: inout DeflateBitWriter
  ) {
    let start = writer
    let count = group.count / planes.count
    var next = planes.lowerBound
    while next < planes.upperBound {
      let first = next
      next += 1
      // Neighbouring constant planes, mostly of zeros, are written together.
      while next < planes.upperBound, samples[first].isConstant, samples[next].isConstant { next += 1 }
      write(
        UnsafeBufferPointer(start: shuffled + first * count, count: (next - first) * count),
        hasRuns: samples[first].runs > 0.5, &writer)
    }
    guard
      planes.contains(where: { samples[$0].repeats > 0.25 }) || planes.count == 1 && isText(group, samples)
    else { return }
    let room = min(capacity, writer.target - start.target)
    let found = match(group, pending: start.pending, count: start.pendingCount, room: room)
    guard found > 0 else { return }
    writer = start
    writer.replace(by: UnsafeRawBufferPointer(start: trial, count: found))
  }

  /// Whether one-byte elements contain repeated strings that are too short for the sample; zlib tries a piece from the
  /// middle.
  private func isText(_ bytes: UnsafeBufferPointer<UInt8>, _ samples: [PlaneSample]) -> Bool {
    let count = min(bytes.count, 8192)
    guard samples.count == 1, count > 256 else { return false }
    let start = (bytes.count - count) / 2
    let piece = UnsafeBufferPointer(rebasing: bytes[start..<start + count])
    let found = match(piece, pending: 0, count: 0, room: count)
    return found > 0 && Double(found) < 0.95 * samples[0].entropy / 8 * Double(count)
  }

  /// Writes one plane as the smallest of stored bytes, literals, and runs.
  private func write(
    _ bytes: UnsafeBufferPointer<UInt8>, hasRuns: Bool, _ writer: inout DeflateBitWriter
  ) {
    let literals = LiteralBlock(bytes, code: codes.0, helper: helper)
    let stored = DeflateBitWriter.storedSize(bytes.count) * 8
    if hasRuns {
      let runs = RunBlock(bytes, tokens: tokens, code: codes.1, helper: helper)
      if runs.bitCount < min(literals.bitCount, stored) { return runs.write(to: &writer) }
    }
    if literals.bitCount < stored { return literals.write(to: &writer) }
    writer.putStored(UnsafeRawBufferPointer(bytes))
  }

  /// Deflates `bytes` with zlib into `trial`, after the pending bits. Returns 0 if the result has `room` bytes or more.
  private func match(_ bytes: UnsafeBufferPointer<UInt8>, pending: UInt64, count: Int, room: Int) -> Int {
    guard deflateReset(matcher) == Z_OK, deflatePrime(matcher, Int32(count), Int32(pending)) == Z_OK,
      room > 0, room <= capacity
    else { return 0 }
    matcher.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
    matcher.pointee.avail_in = UInt32(bytes.count)
    matcher.pointee.next_out = trial
    matcher.pointee.avail_out = UInt32(room)
    // "all pending output is flushed and the output is aligned on a byte boundary"; with room left, none is pending.
    guard deflate(matcher, Z_SYNC_FLUSH) == Z_OK, matcher.pointee.avail_in == 0, matcher.pointee.avail_out > 0
    else { return 0 }
    return room - Int(matcher.pointee.avail_out)
  }
}

extension PlaneSample {
  /// Whether a Huffman code would save less than a hundredth, and nothing repeats.
  fileprivate var isNoise: Bool { entropy > 7.92 && repeats <= 0.25 && runs < 0.1 }
  /// Whether all sampled bytes are the same.
  fileprivate var isConstant: Bool { runs == 1 }
}
