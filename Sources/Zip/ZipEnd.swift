internal import ByteFiles
internal import Tensors

/// The place of the central directory, from the record that ends the archive.
struct ZipEnd {
  let directoryStart: Int
  let directorySize: Int
  let entryCount: Int
  let comment: [UInt8]

  /// The largest central directory in bytes; all of it is read into memory.
  static let directoryLimit = 100_000_000

  /// Finds and checks the end records of `file`.
  ///
  /// Files that zip readers are known to read differently are refused: those with bytes after the end, bytes between
  /// directory and end, or plain and zip64 records that disagree.
  static func find(in file: ReadableFile) throws(ZipError) -> ZipEnd {
    let tailSize = min(file.size, ZipRecord.endSize + 0xFFFF)
    let tailStart = file.size - tailSize
    let tail = try asZip { () throws(FileError) in try file.bytes(at: tailStart, count: tailSize) }
    guard let found = endOffset(in: tail) else {
      let starts = try asZip { () throws(FileError) in try file.bytes(at: 0, count: min(2, file.size)) }
      throw .refused(
        .end, path: file.path, place: "end of the file", expected: "the end record of a zip archive",
        found: starts.elementsEqual("PK".utf8)
          ? "none: the archive was cut off, as by a full disk or an interrupted download"
          : "none: it is not a zip file, or it was cut off")
    }
    var search = ZipEndSearch(file: file, endStart: tailStart + found)
    return try search.result(of: ByteFields(tail[found...]))
  }

  /// The last place in `tail` at which an end record can begin.
  private static func endOffset(in tail: [UInt8]) -> Int? {
    var offset = tail.count - ZipRecord.endSize
    while offset >= 0 {
      if tail[offset] == 0x50, ByteFields(tail[offset...]).u32(0) == ZipRecord.endSignature { return offset }
      offset -= 1
    }
    return nil
  }
}

/// The checks of `ZipEnd.find`, with the values that they share.
private struct ZipEndSearch {
  let file: ReadableFile
  let endStart: Int

  func refusal(_ rule: ZipRule, _ expected: String, _ found: String) -> ZipError {
    .refused(rule, path: file.path, place: "end record, byte \(endStart)", expected: expected, found: found)
  }

  mutating func result(of end: ByteFields) throws(ZipError) -> ZipEnd {
    // The search left at least 22 bytes, so these fields exist.
    guard let disk = end.u16(4), let directoryDisk = end.u16(6), let onDisk = end.u16(8),
      let total = end.u16(10),
      let size = end.u32(12), let start = end.u32(16), let commentSize = end.u16(20)
    else { throw refusal(.end, "22 bytes", "\(end.count)") }
    guard let comment = end.slice(22, Int(commentSize)), end.count == 22 + Int(commentSize) else {
      throw refusal(
        .comment, "a comment of \(commentSize.grouped) bytes and then the file's end",
        "\((end.count - 22).grouped) bytes")
    }
    let plain = Fields(
      disk: [UInt32(disk), UInt32(directoryDisk)], onDisk: UInt64(onDisk), total: UInt64(total),
      size: UInt64(size), start: UInt64(start))
    let full = try zip64(plain) ?? (plain, endStart)
    guard full.0.disk.allSatisfy({ $0 == 0 }), full.0.onDisk == full.0.total else {
      throw refusal(.disks, "an archive in one part", "part \(full.0.disk[0]) of several")
    }
    return try located(full.0, before: full.1, comment: Array(comment))
  }

  private func located(_ fields: Fields, before recordStart: Int, comment: [UInt8]) throws(ZipError)
    -> ZipEnd
  {
    let (end, overflow) = fields.start.addingReportingOverflow(fields.size)
    guard !overflow, end == UInt64(recordStart) else {
      throw refusal(
        .directoryBounds, "a central directory that ends at byte \(recordStart)",
        "one of \(fields.size.grouped) bytes at byte \(fields.start)")
    }
    // Both are at most recordStart, so they fit an Int.
    let size = Int(fields.size)
    guard size <= ZipEnd.directoryLimit, fields.total <= UInt64(size / ZipRecord.centralSize) else {
      throw refusal(
        .directoryBounds,
        "a central directory of at most \(ZipEnd.directoryLimit.grouped) bytes that can hold its \(fields.total) entries",
        "\(size.grouped) bytes")
    }
    return ZipEnd(
      directoryStart: Int(fields.start), directorySize: size, entryCount: Int(fields.total), comment: comment)
  }

  struct Fields {
    var disk: [UInt32]
    var onDisk: UInt64
    var total: UInt64
    var size: UInt64
    var start: UInt64
  }

  /// The fields of the zip64 record and the position of its first byte; nil if there is none and none is needed.
  private func zip64(_ plain: Fields) throws(ZipError) -> (Fields, Int)? {
    let needed = plain.total == 0xFFFF || plain.size == 0xFFFF_FFFF || plain.start == 0xFFFF_FFFF
    let locatorStart = endStart - ZipRecord.locatorSize
    let locator = locatorStart < 0 ? nil : ByteFields(try bytes(locatorStart, ZipRecord.locatorSize))
    guard let locator, locator.u32(0) == ZipRecord.locatorSignature else {
      if needed { throw refusal(.end64, "a zip64 locator before it", "none") }
      return nil
    }
    guard locator.u32(4) == 0, locator.u32(16) == 1 else {
      throw refusal(.disks, "an archive in one part", "a zip64 locator that names several")
    }
    guard let recordStart = locator.u64(8), recordStart <= UInt64(locatorStart),
      locatorStart - Int(recordStart) >= ZipRecord.end64Size
    else { throw refusal(.end64, "a zip64 record before its locator", "it elsewhere") }
    let record = ByteFields(try bytes(Int(recordStart), ZipRecord.end64Size))
    guard record.u32(0) == ZipRecord.end64Signature else {
      throw refusal(.end64, "the zip64 record's signature at byte \(recordStart)", "different bytes")
    }
    guard record.u64(4) == UInt64(locatorStart - Int(recordStart) - 12), let disk = record.u32(16),
      let directoryDisk = record.u32(20), let onDisk = record.u64(24), let total = record.u64(32),
      let size = record.u64(40), let start = record.u64(48)
    else {
      throw refusal(.end64, "a zip64 record that ends where its locator begins", "a different length")
    }
    let wide = Fields(disk: [disk, directoryDisk], onDisk: onDisk, total: total, size: size, start: start)
    guard plain.total == 0xFFFF || plain.total == total, plain.size == 0xFFFF_FFFF || plain.size == size,
      plain.start == 0xFFFF_FFFF || plain.start == start
    else { throw refusal(.end64, "the sizes of the zip64 record", "different sizes") }
    return (wide, Int(recordStart))
  }

  private func bytes(_ start: Int, _ count: Int) throws(ZipError) -> [UInt8] {
    try asZip { () throws(FileError) in try file.bytes(at: start, count: count) }
  }
}
