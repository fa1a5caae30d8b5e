/// Little-endian fields of a record whose bytes are all there.
///
/// Every getter is bounded by `bytes`: a field outside it reads as nil.
struct ByteFields {
  let bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }
  init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  var count: Int { bytes.count }

  /// `length` bytes from `offset`, counted from the slice's first; nil where they leave it.
  func slice(_ offset: Int, _ length: Int) -> ArraySlice<UInt8>? {
    guard offset >= 0, length >= 0, offset <= bytes.count, length <= bytes.count - offset else { return nil }
    return bytes[(bytes.startIndex + offset)..<(bytes.startIndex + offset + length)]
  }

  func u16(_ offset: Int) -> UInt16? { number(offset, 2).map(UInt16.init(truncatingIfNeeded:)) }
  func u32(_ offset: Int) -> UInt32? { number(offset, 4).map(UInt32.init(truncatingIfNeeded:)) }
  func u64(_ offset: Int) -> UInt64? { number(offset, 8) }

  private func number(_ offset: Int, _ length: Int) -> UInt64? {
    slice(offset, length)?.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  }

  /// `value` in `count` little-endian bytes.
  static func bytes(of value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
