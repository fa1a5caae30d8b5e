/// Bob Jenkins's lookup3 hash ("hashlittle", initial value 0): the checksum of metadata since HDF5 1.8, and
/// the order of names in dense groups. Additions wrap by definition.
func lookup3(_ key: UnsafeBufferPointer<UInt8>) -> UInt32 {
  func rotate(_ x: UInt32, _ k: UInt32) -> UInt32 { x << k | x >> (32 - k) }
  func word(_ index: Int) -> UInt32 {
    // The tail counts as padded with zeros; every index below is checked against the count.
    var value: UInt32 = 0
    for byte in 0..<4 where index + byte < key.count {
      value |= UInt32(key[index + byte]) << UInt32(8 * byte)
    }
    return value
  }
  let start = 0xDEAD_BEEF &+ UInt32(truncatingIfNeeded: key.count)
  var (a, b, c) = (start, start, start)
  var index = 0
  while key.count - index > 12 {
    a = a &+ word(index)
    b = b &+ word(index + 4)
    c = c &+ word(index + 8)
    a = (a &- c) ^ rotate(c, 4)
    c = c &+ b
    b = (b &- a) ^ rotate(a, 6)
    a = a &+ c
    c = (c &- b) ^ rotate(b, 8)
    b = b &+ a
    a = (a &- c) ^ rotate(c, 16)
    c = c &+ b
    b = (b &- a) ^ rotate(a, 19)
    a = a &+ c
    c = (c &- b) ^ rotate(b, 4)
    b = b &+ a
    index += 12
  }
  if index == key.count { return c }
  a = a &+ word(index)
  b = b &+ word(index + 4)
  c = c &+ word(index + 8)
  c = (c ^ b) &- rotate(b, 14)
  a = (a ^ c) &- rotate(c, 11)
  b = (b ^ a) &- rotate(a, 25)
  c = (c ^ b) &- rotate(b, 16)
  a = (a ^ c) &- rotate(c, 4)
  b = (b ^ a) &- rotate(a, 14)
  c = (c ^ b) &- rotate(b, 24)
  return c
}
