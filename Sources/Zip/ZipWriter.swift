package import ByteFiles
internal import Deflate

/// Writes a zip archive of stored members. The bytes are those of Python's `zipfile` for NumPy or, with `alignment`,
/// those of PyTorch, whose data begin at multiples of `alignment` bytes.
///
/// NumPy's local headers store their sizes in a zip64 extra field, because NumPy tells `zipfile` to expect large
/// members. All other headers have such a field only if a number needs it. Only the CRC-32 is unknown before the data
/// are written.
package final class ZipWriter {
  package let writer: SequentialWriter
  /// Alignment of the data in bytes; nil for NumPy's layout.
  private let alignment: Int?
  private var entries: [ZipCentralEntry] = []
  private var crc = CRC32()

  package init(_ writer: SequentialWriter, alignment: Int? = nil) {
    self.writer = writer
    self.alignment = alignment
  }

  /// Ends the previous member and begins a new one of `size` bytes, which the caller then appends.
  package func begin(name: String, size: Int) throws(FileError) {
    try end()
    let entry = ZipCentralEntry(
      name: Array(name.utf8), size: UInt64(size), start: UInt64(writer.position), alignment: alignment)
    try writer.append(entry.localHeader)
    entries.append(entry)
    crc = CRC32()
  }

  /// Appends bytes to the current member.
  package func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    crc.update(bytes)
    try writer.append(bytes)
  }

  package func append(_ bytes: [UInt8]) throws(FileError) {
    try bytes.withUnsafeBytes { buffer in
      Result { () throws(FileError) in try append(buffer) }
    }.get()
  }

  /// Ends the last member and writes the directory; the caller commits `writer`.
  package func finish(comment: [UInt8]) throws(FileError) {
    try end()
    let start = writer.position
    for entry in entries { try writer.append(entry.centralHeader) }
    try writer.append(
      ZipEndWriter.records(
        entries: entries.count, directoryStart: UInt64(start), directorySize: UInt64(writer.position - start),
        comment: comment))
  }

  private func end() throws(FileError) {
    guard let last = entries.indices.last else { return }
    entries[last].crc = crc.value
    try writer.patch(
      ByteFields.bytes(of: entries[last].crc), at: Int(entries[last].start) + ZipCentralEntry.crcOffset)
  }
}

/// The fields of the two headers of a stored member.
struct ZipCentralEntry {
  let name: [UInt8]
  let size: UInt64
  let start: UInt64
  /// Alignment of the data in bytes; nil for NumPy's layout.
  var alignment: Int?
  var crc: UInt32 = 0

  /// The position of the CRC-32 in a local header.
  static let crcOffset = 14
  /// `zipfile` uses zip64 for numbers above half of the range of 32 bits.
  static let zip64Limit: UInt64 = (1 << 31) - 1
  /// 00:00 on 1 January 1980, in DOS format.
  private static let date: [UInt8] = [0, 0, 0x21, 0]

  private var flags: UInt16 { name.contains { $0 >= 0x80 } ? ZipRecord.utf8Flag : 0 }

  var localHeader: [UInt8] {
    let isWide = alignment == nil || size > Self.zip64Limit
    let shownSize = isWide ? UInt32.max : UInt32(truncatingIfNeeded: size)
    let wide = isWide ? Self.extra([size, size]) : []
    let extra = wide + padding(after: ZipRecord.localSize + name.count + wide.count)
    var bytes = ByteFields.bytes(of: ZipRecord.localSignature)
    bytes += [45, 0] + ByteFields.bytes(of: flags) + [0, 0] + Self.date + ByteFields.bytes(of: crc)
    bytes += ByteFields.bytes(of: shownSize) + ByteFields.bytes(of: shownSize)
    bytes += ByteFields.bytes(of: UInt16(truncatingIfNeeded: name.count))
    bytes += ByteFields.bytes(of: UInt16(truncatingIfNeeded: extra.count)) + name
    return bytes + extra
  }

  /// PyTorch's extra field `FB`, which moves the data to a multiple of the alignment.
  private func padding(after headerSize: Int) -> [UInt8] {
    guard let alignment else { return [] }
    let used = (Int(start) + headerSize + 4) % alignment
    let count = used == 0 ? 0 : alignment - used
    return Array("FB".utf8) + ByteFields.bytes(of: UInt16(truncatingIfNeeded: count))
      + [UInt8](repeating: UInt8(ascii: "Z"), count: count)
  }

  var centralHeader: [UInt8] {
    var wide: [UInt64] = []
    if size > Self.zip64Limit { wide += [size, size] }
    if start > Self.zip64Limit { wide.append(start) }
    let extra = wide.isEmpty ? [] : Self.extra(wide)
    let shownSize = size > Self.zip64Limit ? UInt32.max : UInt32(truncatingIfNeeded: size)
    let shownStart = start > Self.zip64Limit ? UInt32.max : UInt32(truncatingIfNeeded: start)
    var bytes = ByteFields.bytes(of: ZipRecord.centralSignature)
    // Made by version 4.5 on Unix; version 4.5 is required to read it.
    bytes += [45, 3, 45, 0] + ByteFields.bytes(of: flags) + [0, 0] + Self.date + ByteFields.bytes(of: crc)
    bytes += ByteFields.bytes(of: shownSize) + ByteFields.bytes(of: shownSize)
    bytes += ByteFields.bytes(of: UInt16(truncatingIfNeeded: name.count))
    bytes += ByteFields.bytes(of: UInt16(truncatingIfNeeded: extra.count))
    // No comment, part 0, no internal attributes; readable and writable by the owner.
    bytes += [0, 0, 0, 0, 0, 0] + ByteFields.bytes(of: UInt32(0o600) << 16)
    return bytes + ByteFields.bytes(of: shownStart) + name + extra
  }

  private static func extra(_ values: [UInt64]) -> [UInt8] {
    ByteFields.bytes(of: ZipRecord.zip64ExtraID) + ByteFields.bytes(of: UInt16(8 * values.count))
      + values.flatMap { ByteFields.bytes(of: $0) }
  }
}

/// The records that end an archive.
enum ZipEndWriter {
  static func records(entries: Int, directoryStart: UInt64, directorySize: UInt64, comment: [UInt8])
    -> [UInt8]
  {
    var bytes: [UInt8] = []
    let limit = ZipCentralEntry.zip64Limit
    let needsWide = entries > 0xFFFF || directoryStart > limit || directorySize > limit
    if needsWide {
      bytes +=
        ByteFields.bytes(of: ZipRecord.end64Signature) + ByteFields.bytes(of: UInt64(44)) + [45, 0, 45, 0]
      bytes += [UInt8](repeating: 0, count: 8)
      for value in [UInt64(entries), UInt64(entries), directorySize, directoryStart] {
        bytes += ByteFields.bytes(of: value)
      }
      bytes += ByteFields.bytes(of: ZipRecord.locatorSignature) + [0, 0, 0, 0]
      bytes += ByteFields.bytes(of: directoryStart + directorySize) + [1, 0, 0, 0]
    }
    let shownEntries = ByteFields.bytes(of: UInt16(min(entries, 0xFFFF)))
    bytes += ByteFields.bytes(of: ZipRecord.endSignature) + [0, 0, 0, 0] + shownEntries + shownEntries
    bytes += ByteFields.bytes(of: UInt32(min(directorySize, UInt64(UInt32.max))))
    bytes += ByteFields.bytes(of: UInt32(min(directoryStart, UInt64(UInt32.max))))
    return bytes + ByteFields.bytes(of: UInt16(truncatingIfNeeded: comment.count)) + comment
  }
}
