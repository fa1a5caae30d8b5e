/// One deflate block of literals and runs (matches with the byte before), for bytes that stay zero, or the same, over
/// long stretches.
struct RunBlock {
  private let tokens: UnsafeMutablePointer<UInt32>
  private let tokenCount: Int
  private let code: HuffmanCode
  private let header: DynamicHeader
  /// Bits of the whole block.
  let bitCount: Int

  /// The bytes of the shortest run. A shorter one takes fewer bits as literals, whose codes are short when runs are
  /// common.
  private static let shortestRun = 6
  private static let longestMatch = 258

  /// - Parameters:
  ///   - bytes: at least one.
  ///   - tokens: memory for one token more than the number of bytes.
  ///   - code: memory for the code, which belongs to this block until it is written.
  init(
    _ bytes: UnsafeBufferPointer<UInt8>, tokens: UnsafeMutablePointer<UInt32>, code: HuffmanCode,
    helper: HuffmanCode
  ) {
    self.tokens = tokens
    self.code = code
    let tokenCount = Self.tokenize(bytes, tokens)
    self.tokenCount = tokenCount
    let body = withUnsafeTemporaryAllocation(of: UInt32.self, capacity: HuffmanCode.symbolLimit) { counts in
      guard let counts = counts.baseAddress else { return 0 }
      counts.initialize(repeating: 0, count: HuffmanCode.symbolLimit)
      for index in 0..<tokenCount { counts[Int(tokens[index] & 0xFFFF)] += 1 }
      code.build(counts, symbolCount: HuffmanCode.symbolLimit, limit: 15)
      return (0..<HuffmanCode.symbolLimit).reduce(0) {
        // A match also has its distance, of one bit.
        $0 + Int(counts[$1]) * (code.length($1) + ($1 > 256 ? 1 + Self.extraBits(of: $1) : 0))
      }
    }
    header = DynamicHeader(code, helper: helper)
    bitCount = header.bitCount + body
  }

  func write(to writer: inout DeflateBitWriter) {
    header.write(to: &writer)
    let entries = code.entries
    for index in 0..<tokenCount {
      let token = tokens[index]
      let symbol = Int(token & 0xFFFF)
      let entry = UInt64(entries[symbol])
      writer.put(entry & 0xFFFF, Int(truncatingIfNeeded: entry >> 16))
      if symbol > 256 {
        // The extra bits of the length, then the code of distance 1, which is a zero.
        writer.put(UInt64(token >> 16), Self.extraBits(of: symbol) + 1)
      }
    }
  }

  /// Writes the symbols, then the end of the block; returns their number. The extra bits of a match are from bit 16 on.
  private static func tokenize(
    _ bytes: UnsafeBufferPointer<UInt8>, _ tokens: UnsafeMutablePointer<UInt32>
  ) -> Int {
    guard let base = bytes.baseAddress else { return 0 }
    let count = bytes.count
    var made = 0
    var index = 0
    while index < count {
      let byte = base[index]
      var end = index &+ 1
      let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
      while end &+ 8 <= count,
        UnsafeRawPointer(base).loadUnaligned(fromByteOffset: end, as: UInt64.self) == pattern
      {
        end &+= 8
      }
      while end < count, base[end] == byte { end &+= 1 }
      tokens[made] = UInt32(byte)
      made &+= 1
      var run = end &- index &- 1
      while run >= shortestRun {
        // The rest of a run becomes literals if it is shorter than the shortest run.
        let match = min(run, longestMatch)
        tokens[made] = symbol(ofMatch: match)
        made &+= 1
        run &-= match
      }
      for _ in 0..<run {
        tokens[made] = UInt32(byte)
        made &+= 1
      }
      index = end
    }
    tokens[made] = 256
    return made + 1
  }

  /// The symbol for a match of 3 to 258 bytes; above bit 16, the value of its extra bits (RFC 1951, 3.2.5).
  private static func symbol(ofMatch length: Int) -> UInt32 {
    if length == longestMatch { return 285 }
    let value = UInt32(length - 3)
    if value < 4 { return 257 + value }
    // Four symbols for each power of two from 4 on.
    let bits = UInt32(29 - value.leadingZeroBitCount)
    return 257 + 4 * bits + (value >> bits) | (value & ((1 << bits) - 1)) << 16
  }

  private static func extraBits(of symbol: Int) -> Int {
    symbol < 265 || symbol == 285 ? 0 : (symbol - 261) / 4
  }
}
