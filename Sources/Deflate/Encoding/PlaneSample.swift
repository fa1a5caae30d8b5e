internal import Glibc

/// Statistics of a sample of a plane: the first bytes of all elements of a chunk, or their second bytes, and so on.
struct PlaneSample {
  /// Shannon's entropy of single bytes, in bits for each byte.
  let entropy: Double
  /// The fraction of bytes that equal the byte before them.
  let runs: Double
  /// The fraction of bytes in strings that occur twice and are not runs.
  let repeats: Double

  /// The number of sampled bytes of a long plane: at least this many, and fewer than twice as many.
  private static let count = 4096
  /// The bytes of a string. Two strings are rarely equal by chance, even if a byte has only two bits of entropy.
  private static let stringLength = 16
  private static let tableBits = 13

  init(_ plane: UnsafeBufferPointer<UInt8>) {
    (entropy, runs) = Self.distribution(plane)
    repeats = Self.repeats(plane)
  }

  private static func distribution(_ plane: UnsafeBufferPointer<UInt8>) -> (entropy: Double, runs: Double) {
    guard let base = plane.baseAddress, plane.count > 1 else { return (0, 0) }
    return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 256) { counts in
      counts.initialize(repeating: 0)
      let step = max(1, (plane.count - 1) / count)
      var (total, same, index) = (0, 0, 1)
      while index < plane.count {
        counts[Int(base[index])] &+= 1
        same &+= base[index] == base[index &- 1] ? 1 : 0
        total &+= 1
        index &+= step
      }
      var (sum, used) = (0.0, 0)
      for number in counts where number > 0 {
        sum += Double(number) * log2(Double(number))
        used += 1
      }
      // A small sample looks less evenly distributed than the plane (Miller and Madow's correction).
      let bias = Double(used - 1) / (2 * Double(total) * 0.6931)
      return (log2(Double(total)) - sum / Double(total) + bias, Double(same) / Double(total))
    }
  }

  /// Every sixteenth string is stored, and strings at four places are looked up. If two strings are equal, one of them
  /// is stored with probability 1/16.
  private static func repeats(_ plane: UnsafeBufferPointer<UInt8>) -> Double {
    let last = plane.count - stringLength
    guard let base = plane.baseAddress.map({ UnsafeRawPointer($0) }), last > 256 else { return 0 }
    return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 1 << tableBits) { table in
      table.initialize(repeating: .max)
      func place(_ index: Int) -> (first: UInt64, second: UInt64, slot: Int) {
        let first = base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        let second = base.loadUnaligned(fromByteOffset: index &+ 8, as: UInt64.self)
        let hash = (first &* 0x9E37_79B9_7F4A_7C15) ^ (second &* 0xC2B2_AE3D_27D4_EB4F)
        return (first, second, Int(truncatingIfNeeded: hash &>> UInt64(64 - tableBits)))
      }
      for index in stride(from: 0, to: last, by: stringLength) where changes(base + index) {
        table[place(index).slot] = UInt32(truncatingIfNeeded: index)
      }
      var (found, asked) = (0, 0)
      for part in 0..<4 {
        let start = last * (2 * part + 1) / 8
        for index in start..<min(last, start + 128) {
          let (first, second, slot) = place(index)
          asked &+= 1
          guard table[slot] != .max, Int(table[slot]) != index else { continue }
          let (other, rest, _) = place(Int(table[slot]))
          if first == other && second == rest { found &+= 1 }
        }
      }
      return min(1, Double(found * stringLength) / Double(asked))
    }
  }

  /// Whether enough neighbouring bytes of the string differ. Strings of zeros with a few other bytes are often equal by
  /// chance, and runs encode them equally well.
  private static func changes(_ string: UnsafeRawPointer) -> Bool {
    var count = 0
    for offset in [0, 8] {
      let difference =
        string.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        ^ string.loadUnaligned(fromByteOffset: offset + 1, as: UInt64.self)
      // The highest bit of each byte that is not zero.
      let mask: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
      count += ((((difference & mask) &+ mask) | difference) & ~mask).nonzeroBitCount
    }
    return count >= 6
  }
}
