/// Turns big-endian numbers into little-endian ones.
enum ByteOrder {
  /// Reverses each group of `width` bytes in `bytes`; the count of `bytes` is a multiple of `width`.
  static func reverse(_ bytes: UnsafeMutableRawBufferPointer, width: Int) {
    switch width {
    case 2: reverse(bytes, as: UInt16.self)
    case 4: reverse(bytes, as: UInt32.self)
    case 8: reverse(bytes, as: UInt64.self)
    case 1: return
    default:
      for start in stride(from: 0, to: bytes.count - width + 1, by: width) {
        var number = UnsafeMutableRawBufferPointer(rebasing: bytes[start..<(start + width)])
        number.reverse()
      }
    }
  }

  private static func reverse<Word: FixedWidthInteger>(_ bytes: UnsafeMutableRawBufferPointer, as: Word.Type)
  {
    let width = MemoryLayout<Word>.size
    for start in stride(from: 0, to: bytes.count - width + 1, by: width) {
      let word = bytes.loadUnaligned(fromByteOffset: start, as: Word.self)
      bytes.storeBytes(of: word.byteSwapped, toByteOffset: start, as: Word.self)
    }
  }
}
