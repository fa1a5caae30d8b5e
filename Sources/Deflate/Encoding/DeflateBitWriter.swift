/// Writes bits into memory in deflate's order: the first bit is the lowest of the first byte (RFC 1951, 3.1.1).
///
/// The caller must provide eight bytes more than are written.
struct DeflateBitWriter {
  /// The byte that gets the next bit.
  private(set) var target: UnsafeMutablePointer<UInt8>
  /// Bits that do not fill a byte yet; fewer than eight between calls.
  private(set) var pending: UInt64 = 0
  private(set) var pendingCount = 0

  init(_ target: UnsafeMutablePointer<UInt8>) { self.target = target }

  /// Writes the lowest `count` bits of `value`, at most 56; the bits above them must be zero.
  @inline(__always)
  mutating func put(_ value: UInt64, _ count: Int) {
    pending |= value &<< UInt64(truncatingIfNeeded: pendingCount)
    pendingCount &+= count
    UnsafeMutableRawPointer(target).storeBytes(of: pending.littleEndian, as: UInt64.self)
    target += pendingCount &>> 3
    pending = pending &>> UInt64(truncatingIfNeeded: pendingCount & ~7)
    pendingCount &= 7
  }

  /// Writes zeros up to the next whole byte.
  mutating func align() { if pendingCount > 0 { put(0, 8 - pendingCount) } }

  /// Writes whole bytes. Call it only after `align`.
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    UnsafeMutableRawPointer(target).copyMemory(from: base, byteCount: bytes.count)
    target += bytes.count
  }

  /// Writes whole bytes that already contain the pending bits.
  mutating func replace(by bytes: UnsafeRawBufferPointer) {
    (pending, pendingCount) = (0, 0)
    append(bytes)
  }

  /// Continues at `pointer` with the pending bits that a hot loop has left.
  @inline(__always)
  mutating func resume(at pointer: UnsafeMutablePointer<UInt8>, pending: UInt64, count: Int) {
    target = pointer
    self.pending = pending
    pendingCount = count
  }

  /// Writes `bytes` as stored blocks (RFC 1951, 3.2.4).
  mutating func putStored(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(0xFFFF)
      put(0, 3)
      align()
      put(UInt64(piece.count) | UInt64(~UInt16(truncatingIfNeeded: piece.count)) << 16, 32)
      append(UnsafeRawBufferPointer(rebasing: piece))
      rest = rest.dropFirst(piece.count)
    }
  }

  /// The most bytes that stored blocks of `count` bytes take.
  static func storedSize(_ count: Int) -> Int { count + (count / 0xFFFF + 1) * 6 }
}
