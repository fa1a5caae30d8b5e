/// Puts the bytes of shuffled data (all first bytes, then all second bytes, …) back together.
///
/// Bytes over after the last whole element stand unshuffled at the end, as the filter leaves them.
func unshuffle(_ bytes: [UInt8], elementSize: Int) -> [UInt8] {
  let count = bytes.count / elementSize
  guard elementSize > 1, count > 1 else { return bytes }
  return [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, filled in
    bytes.withUnsafeBufferPointer { source in
      // Every index is below count × elementSize ≤ bytes.count, the capacity of both buffers.
      guard let from = source.baseAddress, let to = buffer.baseAddress else { return }
      for byte in 0..<elementSize {
        let plane = from + byte * count
        var target = to + byte
        for element in 0..<count {
          target.pointee = plane[element]
          target += elementSize
        }
      }
      let whole = count * elementSize
      for index in whole..<bytes.count { to[index] = from[index] }
      filled = bytes.count
    }
  }
}
