/// One deflate block of literals with its own Huffman code, for bytes that are unevenly distributed and do not repeat,
/// such as the exponents of weights.
struct LiteralBlock {
  private let bytes: UnsafeBufferPointer<UInt8>
  private let code: HuffmanCode
  private let header: DynamicHeader
  /// Bits of the whole block.
  let bitCount: Int

  /// Four codes of 14 bits and seven pending bits fit into one word.
  private static let lengthLimit = 14

  /// - Parameters:
  ///   - bytes: at least one.
  ///   - code: memory for the code, which belongs to this block until it is written.
  init(_ bytes: UnsafeBufferPointer<UInt8>, code: HuffmanCode, helper: HuffmanCode) {
    self.bytes = bytes
    self.code = code
    let body = withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4 * 256 + 1) { counts in
      guard let counts = counts.baseAddress else { return 0 }
      Self.count(bytes, counts)
      code.build(counts, symbolCount: 257, limit: Self.lengthLimit)
      return (0..<257).reduce(0) { $0 + Int(counts[$1]) * code.length($1) }
    }
    header = DynamicHeader(code, helper: helper)
    bitCount = header.bitCount + body
  }

  /// Counts each byte, and one end of block.
  ///
  /// Four tables are used: in one table, counting a repeated byte would wait for the previous count.
  private static func count(_ bytes: UnsafeBufferPointer<UInt8>, _ counts: UnsafeMutablePointer<UInt32>) {
    counts.initialize(repeating: 0, count: 4 * 256 + 1)
    guard let base = bytes.baseAddress else { return }
    let quads = bytes.count / 4
    for quad in 0..<quads {
      let word = UnsafeRawPointer(base).loadUnaligned(fromByteOffset: quad &* 4, as: UInt32.self)
      counts[Int(truncatingIfNeeded: word & 0xFF)] &+= 1
      counts[256 &+ Int(truncatingIfNeeded: word &>> 8 & 0xFF)] &+= 1
      counts[512 &+ Int(truncatingIfNeeded: word &>> 16 & 0xFF)] &+= 1
      counts[768 &+ Int(truncatingIfNeeded: word &>> 24)] &+= 1
    }
    for index in 4 * quads..<bytes.count { counts[Int(base[index])] += 1 }
    for symbol in 0..<256 {
      counts[symbol] += counts[256 + symbol] + counts[512 + symbol] + counts[768 + symbol]
    }
    counts[256] = 1
  }

  func write(to writer: inout DeflateBitWriter) {
    header.write(to: &writer)
    guard let base = bytes.baseAddress else { return }
    let entries = code.entries
    var target = UnsafeMutableRawPointer(writer.target)
    var pending = writer.pending
    var filled = UInt64(truncatingIfNeeded: writer.pendingCount)
    let quads = bytes.count / 4
    for quad in 0..<quads {
      let word = UnsafeRawPointer(base).loadUnaligned(fromByteOffset: quad &* 4, as: UInt32.self)
      let first = UInt64(entries[Int(truncatingIfNeeded: word & 0xFF)])
      let second = UInt64(entries[Int(truncatingIfNeeded: word &>> 8 & 0xFF)])
      let third = UInt64(entries[Int(truncatingIfNeeded: word &>> 16 & 0xFF)])
      let fourth = UInt64(entries[Int(truncatingIfNeeded: word &>> 24)])
      pending |= (first & 0xFFFF) &<< filled
      filled &+= first &>> 16
      pending |= (second & 0xFFFF) &<< filled
      filled &+= second &>> 16
      pending |= (third & 0xFFFF) &<< filled
      filled &+= third &>> 16
      pending |= (fourth & 0xFFFF) &<< filled
      filled &+= fourth &>> 16
      target.storeBytes(of: pending.littleEndian, as: UInt64.self)
      target += Int(truncatingIfNeeded: filled &>> 3)
      pending = pending &>> (filled & ~7)
      filled &= 7
    }
    writer.resume(
      at: target.assumingMemoryBound(to: UInt8.self), pending: pending,
      count: Int(truncatingIfNeeded: filled))
    for index in 4 * quads..<bytes.count {
      let entry = UInt64(entries[Int(base[index])])
      writer.put(entry & 0xFFFF, Int(entry >> 16))
    }
    writer.put(UInt64(entries[256] & 0xFFFF), code.length(256))
  }
}
