/// The little-endian fields of a record in memory.
///
/// Every access is bounded by `bytes`: a field outside it is nil.
package struct ByteFields {
  package let bytes: ArraySlice<UInt8>

  package init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }
  package init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  package var count: Int { bytes.count }

  /// The `length` bytes that begin `offset` bytes after the slice's start; nil if they do not all lie in it.
  package func slice(_ offset: Int, _ length: Int) -> ArraySlice<UInt8>? {
    guard offset >= 0, length >= 0, offset <= bytes.count, length <= bytes.count - offset else { return nil }
    return bytes[(bytes.startIndex + offset)..<(bytes.startIndex + offset + length)]
  }

  package func u16(_ offset: Int) -> UInt16? { number(offset, 2).map(UInt16.init(truncatingIfNeeded:)) }
  package func u32(_ offset: Int) -> UInt32? { number(offset, 4).map(UInt32.init(truncatingIfNeeded:)) }
  package func u64(_ offset: Int) -> UInt64? { number(offset, 8) }

  private func number(_ offset: Int, _ length: Int) -> UInt64? {
    slice(offset, length)?.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  }

  /// The bytes of `value`, lowest first.
  package static func bytes(of value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
