/// Appends little-endian values to a growing array of bytes.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ value: UInt32) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Appends exactly `length` bytes: `content`, then zeros.
  mutating func append(_ content: [UInt8], padded length: Int) {
    bytes.append(contentsOf: content.prefix(length))
    for _ in content.count..<max(length, content.count) { bytes.append(0) }
  }

  mutating func append(_ content: some Sequence<UInt8>) { bytes.append(contentsOf: content) }
}

/// Reads little-endian values one after another.
///
/// After the end every value is zero. Callers make cursors from whole rows, and a bug in a caller must not cause a
/// trap.
struct TableCursor {
  private let base: UnsafeRawBufferPointer
  private var offset = 0

  init(_ base: UnsafeRawBufferPointer) { self.base = base }

  mutating func word() -> UInt64 {
    defer { offset += 8 }
    guard offset + 8 <= base.count else { return 0 }
    return UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  mutating func u32() -> UInt32 {
    defer { offset += 4 }
    guard offset + 4 <= base.count else { return 0 }
    return UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    defer { offset += count }
    guard offset + count <= base.count else { return [UInt8](repeating: 0, count: count) }
    return Array(UnsafeRawBufferPointer(rebasing: base[offset..<offset + count]))
  }

  /// Text of at most `length` bytes, padded with NULs.
  mutating func text(_ length: Int) -> String {
    String(decoding: bytes(length).prefix { $0 != 0 }, as: UTF8.self)
  }
}
