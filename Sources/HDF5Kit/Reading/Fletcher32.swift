/// Removes the checksum from the end of a chunk and compares it with the chunk's bytes.
func checkFletcher32(_ bytes: [UInt8], _ context: FileContext, at offset: Int) throws(HDF5Error) -> [UInt8] {
  guard bytes.count >= 4 else {
    throw context.malformed(
      "chunk", at: offset, expected: "a checksum of 4 bytes", found: "\(bytes.count) bytes in total")
  }
  let content = bytes.dropLast(4)
  let stored = bytes.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
  let computed = content.withUnsafeBufferPointer { fletcher32($0) }
  // Before 1.6.3, libhdf5 swapped the bytes of each half; it still reads such files.
  let swapped = (computed & 0x00FF_00FF) << 8 | (computed >> 8) & 0x00FF_00FF
  guard stored == computed || stored == swapped else {
    throw context.malformed(
      "chunk", at: offset, expected: "checksum \(String(computed, radix: 16))",
      found: String(stored, radix: 16))
  }
  return Array(content)
}

/// Fletcher's checksum over big-endian 16-bit words, as libhdf5 computes it. Sums of at most 360 words cannot overflow
/// 32 bits; then both sums are folded to 16 bits.
func fletcher32(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
  var sum1: UInt32 = 0
  var sum2: UInt32 = 0
  func fold() {
    sum1 = (sum1 & 0xFFFF) &+ (sum1 >> 16)
    sum2 = (sum2 & 0xFFFF) &+ (sum2 >> 16)
  }
  var index = 0
  let words = bytes.count / 2
  while index < words {
    let stop = min(words, index + 360)
    while index < stop {
      sum1 = sum1 &+ (UInt32(bytes[2 * index]) << 8 | UInt32(bytes[2 * index + 1]))
      sum2 = sum2 &+ sum1
      index += 1
    }
    fold()
  }
  if bytes.count % 2 == 1 {
    sum1 = sum1 &+ UInt32(bytes[bytes.count - 1]) << 8
    sum2 = sum2 &+ sum1
    fold()
  }
  fold()
  return sum2 << 16 | sum1
}
