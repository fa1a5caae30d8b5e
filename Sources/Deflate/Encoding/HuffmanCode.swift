/// A prefix code for the symbols of one deflate alphabet: the lengths in bits, and the codes that they determine.
///
/// Memory is reused from one code to the next, because a chunk needs several.
struct HuffmanCode {
  /// For each symbol its code, first bit lowest, and from bit 16 on the code's length; 0 for an unused symbol.
  let entries: UnsafeMutablePointer<UInt32>
  let capacity: Int
  private let scratch: UnsafeMutablePointer<UInt64>
  private let lengths: UnsafeMutablePointer<UInt8>

  /// The number of symbols of the largest alphabet.
  static let symbolLimit = 286

  init(capacity: Int) {
    self.capacity = capacity
    entries = .allocate(capacity: capacity)
    scratch = .allocate(capacity: 3 * capacity)
    lengths = .allocate(capacity: capacity)
    entries.initialize(repeating: 0, count: capacity)
    scratch.initialize(repeating: 0, count: 3 * capacity)
    lengths.initialize(repeating: 0, count: capacity)
  }

  func deallocate() {
    entries.deallocate()
    scratch.deallocate()
    lengths.deallocate()
  }

  /// The length of a symbol's code in bits.
  @inline(__always)
  func length(_ symbol: Int) -> Int { Int(lengths[symbol]) }

  /// Makes an optimal code of at most `limit` bits, or a nearly optimal one if the limit shortens codes.
  ///
  /// - Parameter counts: how often each symbol occurs; their sum is below 2³².
  func build(_ counts: UnsafePointer<UInt32>, symbolCount: Int, limit: Int) {
    lengths.update(repeating: 0, count: symbolCount)
    entries.update(repeating: 0, count: symbolCount)
    // Leaves are sorted by count. The symbol is in the low bits, so that the order of equal counts is defined.
    var used = 0
    for symbol in 0..<symbolCount where counts[symbol] > 0 {
      scratch[used] = UInt64(counts[symbol]) << 16 | UInt64(symbol)
      used += 1
    }
    guard used > 1 else {
      if used == 1 { lengths[Int(scratch[0] & 0xFFFF)] = 1 }
      return assign(symbolCount)
    }
    var leaves = UnsafeMutableBufferPointer(start: scratch, count: used)
    leaves.sort()
    var perLength = depths(of: used)
    Self.shorten(&perLength, to: limit)
    // The rarest symbols get the longest codes.
    var leaf = 0
    for length in stride(from: limit, to: 0, by: -1) {
      for _ in 0..<perLength[length] {
        lengths[Int(scratch[leaf] & 0xFFFF)] = UInt8(length)
        leaf += 1
      }
    }
    assign(symbolCount)
  }

  /// The number of leaves at each depth of Huffman's tree over the `used` sorted leaves in `scratch`.
  ///
  /// The queue of leaves and the queue of inner nodes both ascend, so the two smallest of all are at their heads.
  private func depths(of used: Int) -> [Int] {
    let weights = scratch + capacity
    let parents = scratch + 2 * capacity
    var (leaf, node) = (0, 0)
    var isLeafChild = [Int](repeating: 0, count: used - 1)
    for next in 0..<used - 1 {
      var weight: UInt64 = 0
      for _ in 0..<2 {
        if leaf < used, node == next || scratch[leaf] >> 16 <= weights[node] {
          weight += scratch[leaf] >> 16
          isLeafChild[next] += 1
          leaf += 1
        } else {
          weight += weights[node]
          parents[node] = UInt64(next)
          node += 1
        }
      }
      weights[next] = weight
    }
    var perLength = [Int](repeating: 0, count: used + 1)
    // From the root down, each node's depth replaces its parent.
    parents[used - 2] = 0
    for next in stride(from: used - 2, through: 0, by: -1) {
      let depth = next == used - 2 ? 0 : Int(parents[Int(parents[next])]) + 1
      parents[next] = UInt64(depth)
      perLength[depth + 1] += isLeafChild[next]
    }
    return perLength
  }

  /// Moves leaves that are too deep up to `limit`, and others down, until the code fits again (Kraft's sum is one).
  private static func shorten(_ perLength: inout [Int], to limit: Int) {
    if perLength.count <= limit { perLength += [Int](repeating: 0, count: limit + 1 - perLength.count) }
    for length in perLength.indices.dropFirst(limit + 1) {
      perLength[limit] += perLength[length]
      perLength[length] = 0
    }
    var sum = (1...limit).reduce(0) { $0 + perLength[$1] << (limit - $1) }
    while sum > 1 << limit {
      // A higher leaf becomes a node with itself and one of the deepest leaves below it: one code fewer at the limit.
      var length = limit - 1
      while perLength[length] == 0 { length -= 1 }
      perLength[length] -= 1
      perLength[length + 1] += 2
      perLength[limit] -= 1
      sum -= 1
    }
  }

  /// Assigns the canonical codes of the lengths (RFC 1951, 3.2.2). Bits are reversed, because deflate writes the
  /// highest bit first.
  private func assign(_ symbolCount: Int) {
    var perLength = [UInt32](repeating: 0, count: 17)
    for symbol in 0..<symbolCount { perLength[Int(lengths[symbol])] += 1 }
    perLength[0] = 0
    var next = [UInt32](repeating: 0, count: 17)
    for length in 1...15 { next[length + 1] = (next[length] + perLength[length]) << 1 }
    for symbol in 0..<symbolCount where lengths[symbol] > 0 {
      let length = UInt32(lengths[symbol])
      var (code, reversed) = (next[Int(length)], UInt32(0))
      next[Int(length)] += 1
      for _ in 0..<length {
        reversed = reversed << 1 | code & 1
        code >>= 1
      }
      entries[symbol] = reversed | length << 16
    }
  }
}
