internal import Tensors

/// The checksums in the seal.
enum Seal {
  /// XXH3 over the tables, each after its length, and then over the seal's members before the checksum. The last table,
  /// `part`, is only in files of a set.
  static func indexChecksum(tables: [[UInt8]], seal: SealRow) -> UInt64 {
    var writer = ByteWriter()
    seal.encode(into: &writer)
    let stored = tables.last?.isEmpty == true ? tables.dropLast() : tables[...]
    return checksum(of: Array(stored), then: Array(writer.bytes.dropLast(8)))
  }

  /// XXH3 over lists of bytes, each after its length.
  static func checksum(of lists: [[UInt8]], then rest: [UInt8] = []) -> UInt64 {
    let checksum = RunChecksum()
    func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { checksum.update($0) } }
    for list in lists {
      add(withUnsafeBytes(of: UInt64(list.count).littleEndian) { Array($0) })
      add(list)
    }
    add(rest)
    return checksum.finish()
  }

  /// XXH3 over all bytes of a file, by address, except the given ranges.
  ///
  /// - Parameters:
  ///   - ranges: disjoint and ascending.
  ///   - read: fills a buffer from an offset.
  static func restChecksum<Failure: Error>(
    fileSize: Int, leavingOut ranges: [Range<Int>],
    read: (Int, UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) -> UInt64 {
    let checksum = RunChecksum()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    var position = 0
    for range in ranges + [fileSize..<fileSize] {
      while position < range.lowerBound {
        let piece = UnsafeMutableRawBufferPointer(
          rebasing: buffer[..<min(buffer.count, range.lowerBound - position)])
        try read(position, piece)
        checksum.update(UnsafeRawBufferPointer(piece))
        position += piece.count
      }
      position = max(position, range.upperBound)
    }
    return checksum.finish()
  }
}
