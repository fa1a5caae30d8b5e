/// The header of a block with dynamic codes (RFC 1951, 3.2.7): the lengths of its codes, run-length coded and then
/// Huffman coded.
struct DynamicHeader {
  /// The lengths of the two distance codes that each block declares, one bit each. The standard also allows a code of
  /// no symbol or of one symbol, but not every decoder accepts it.
  private static let distanceLengths = [1, 1]
  private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

  private var tokens: [(symbol: Int, extra: Int)] = []
  private var codeLengths: [Int] = []
  private var codeEntries: [UInt32] = []
  private let literalCount: Int
  private var codeCount = 4
  /// Bits of the header, including the three of the block's type.
  private(set) var bitCount = 0

  /// - Parameter helper: memory for the code of the lengths.
  init(_ code: HuffmanCode, helper: HuffmanCode) {
    // The end of a block is symbol 256, which is always present.
    literalCount = (257...HuffmanCode.symbolLimit).last { code.length($0 - 1) > 0 } ?? 257
    let lengths = (0..<literalCount).map { code.length($0) } + Self.distanceLengths
    tokenize(lengths)
    var counts = [UInt32](repeating: 0, count: 19)
    for token in tokens { counts[token.symbol] += 1 }
    helper.build(counts, symbolCount: 19, limit: 7)
    codeLengths = (0..<19).map { helper.length($0) }
    codeEntries = (0..<19).map { helper.entries[$0] }
    codeCount = (4...19).last { codeLengths[Self.order[$0 - 1]] > 0 } ?? 4
    bitCount =
      3 + 14 + 3 * codeCount
      + tokens.reduce(0) { $0 + codeLengths[$1.symbol] + Self.extraBits(of: $1.symbol) }
  }

  func write(to writer: inout DeflateBitWriter) {
    // Not the last block, with dynamic codes.
    writer.put(0b100, 3)
    writer.put(UInt64(literalCount - 257), 5)
    writer.put(UInt64(Self.distanceLengths.count - 1), 5)
    writer.put(UInt64(codeCount - 4), 4)
    for symbol in Self.order.prefix(codeCount) { writer.put(UInt64(codeLengths[symbol]), 3) }
    for token in tokens {
      writer.put(UInt64(codeEntries[token.symbol] & 0xFFFF), codeLengths[token.symbol])
      writer.put(UInt64(token.extra), Self.extraBits(of: token.symbol))
    }
  }

  private static func extraBits(of symbol: Int) -> Int {
    switch symbol {
    case 16: 2
    case 17: 3
    case 18: 7
    default: 0
    }
  }

  /// Writes lengths 0–15 as they are, 16 for 3–6 repeats of the last one, 17 for 3–10 zeros, and 18 for 11–138 zeros.
  private mutating func tokenize(_ lengths: [Int]) {
    var index = 0
    while index < lengths.count {
      let value = lengths[index]
      var run = 1
      while index + run < lengths.count, lengths[index + run] == value { run += 1 }
      index += run
      if value != 0 {
        tokens.append((value, 0))
        run -= 1
      }
      while run >= 3 {
        let count = min(run, value != 0 ? 6 : 138)
        if value != 0 {
          tokens.append((16, count - 3))
        } else if count < 11 {
          tokens.append((17, count - 3))
        } else {
          tokens.append((18, count - 11))
        }
        run -= count
      }
      for _ in 0..<run { tokens.append((value, 0)) }
    }
  }
}
