internal import ByteFiles
internal import Tensors

/// A tensor of one text in a data file: its length, a checksum of the length, and its bytes.
enum BundleText {
  private static let limit = 256 << 20

  /// The range of the text in the file; throws if a checksum is wrong.
  ///
  /// - Parameter path: that of the index, for messages.
  static func range(
    of entry: BundleEntry, in file: ReadableFile, _ name: TensorName, path: String
  ) throws(FlatFormatError) -> Range<Int> {
    let place = "entry \(name.quoted)"
    func broken(_ expected: String, _ found: String) -> FlatFormatError {
      .refused(.tensorflowGraph, path: path, place: place, expected: expected, found: found)
    }
    guard entry.shape.isEmpty, entry.slices.isEmpty, entry.size <= Self.limit else {
      throw broken("one text of at most \(Self.limit.grouped) bytes", "another one")
    }
    let head = try asFlatFormat { () throws(FileError) in
      try file.bytes(at: entry.offset, count: min(14, entry.size))
    }
    var fields = VarintFields(head[...])
    guard let length = fields.size(), let stored = fields.take(4), length < 1 << 32,
      length == entry.size - fields.position
    else { throw broken("a text with its length", "other bytes") }
    var crc = CRC32C()
    // The checksum is that of the length in four bytes, however it is stored.
    ByteFields.bytes(of: UInt32(length)).withUnsafeBytes { crc.update($0) }
    let lengthCRC = ByteFields(stored).u32(0) ?? 0
    let found = MaskedCRC.masked(crc.value)
    guard lengthCRC == found else {
      throw MaskedCRC.mismatch(path, "\(place), its length", expected: lengthCRC, found: found)
    }
    Array(stored).withUnsafeBytes { crc.update($0) }
    let start = entry.offset + fields.position
    var position = start
    while position < start + length {
      let bytes = try asFlatFormat { () throws(FileError) in
        try file.bytes(at: position, count: min(1 << 20, start + length - position))
      }
      bytes.withUnsafeBytes { crc.update($0) }
      position += bytes.count
    }
    let whole = MaskedCRC.masked(crc.value)
    guard whole == entry.crc else {
      throw MaskedCRC.mismatch(path, place, expected: entry.crc, found: whole)
    }
    return start..<(start + length)
  }
}
