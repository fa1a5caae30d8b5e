package import ByteFiles
internal import Tensors

/// Lists every part of a zip archive that some program may read.
///
/// Some readers use the central directory, others the local headers from start to end; and if two members have the same
/// name, readers differ in the one that they use. A reader of weights refuses such an archive. This lists all of its
/// members.
package struct ZipSurvey {
  /// The members of the central directory, and those that have only a local header.
  package private(set) var entries: [ZipEntry] = []
  /// Bytes that are neither a member nor a record of the format.
  package private(set) var loose: [Range<Int>] = []
  /// Members of the directory that share bytes with another member.
  package private(set) var overlapping: [ZipEntry] = []

  private let file: ReadableFile
  /// The most records that are followed outside the directory. Real archives have one for each member, its descriptor.
  private var recordsLeft = 1 << 17

  /// Throws only errors of the file itself.
  package init(_ file: ReadableFile) throws(ZipError) {
    self.file = file
    var (listed, end) = try Self.listed(file)
    listed.sort { ($0.headerStart, $0.compressedSize) < ($1.headerStart, $1.compressedSize) }
    var position = 0
    for entry in listed {
      if entry.headerStart < position {
        overlapping.append(entry)
        continue
      }
      try walk(position..<entry.headerStart)
      entries.append(entry)
      position = entry.dataStart + entry.compressedSize
    }
    try walk(position..<max(position, end))
  }

  /// The directory's members and the directory's position. If it cannot be read: no members, and the end of the file.
  private static func listed(_ file: ReadableFile) throws(ZipError) -> ([ZipEntry], Int) {
    do throws(ZipError) {
      let end = try ZipEnd.find(in: file)
      return (try ZipDirectory(file: file, end: end).members(), end.directoryStart)
    } catch {
      if case .file = error { throw error }
      return ([], file.size)
    }
  }

  /// Follows the records in a range: the size of each gives the position of the next.
  private mutating func walk(_ range: Range<Int>) throws(ZipError) {
    var position = range.lowerBound
    while position < range.upperBound {
      recordsLeft -= 1
      guard recordsLeft >= 0 else {
        loose.append(position..<range.upperBound)
        return
      }
      if let next = try record(at: position, before: range.upperBound) {
        position = next
      } else {
        let next = try ZipSignatureSearch(file).first(in: position + 1..<range.upperBound) ?? range.upperBound
        loose.append(position..<next)
        position = next
      }
    }
  }

  /// The end of the record that begins at `start`; nil if no record does.
  private mutating func record(at start: Int, before end: Int) throws(ZipError) -> Int? {
    let fields = ByteFields(try bytes(start, min(56, end - start)))
    func size(_ fixed: Int, _ parts: [UInt16?]) -> Int? {
      var size = fixed
      for part in parts {
        guard let part else { return nil }
        size += Int(part)
      }
      return size <= end - start ? start + size : nil
    }
    switch fields.u32(0) {
    case ZipRecord.localSignature: return try member(fields, at: start, before: end)
    case ZipRecord.centralSignature:
      return size(ZipRecord.centralSize, [fields.u16(28), fields.u16(30), fields.u16(32)])
    case ZipRecord.endSignature: return size(ZipRecord.endSize, [fields.u16(20)])
    case ZipRecord.locatorSignature: return size(ZipRecord.locatorSize, [])
    case ZipRecord.end64Signature: return size(ZipRecord.end64Size, [])
    case ZipRecord.descriptorSignature:
      // CRC-32 and two sizes, of 32 or 64 bits each.
      let isShort = end - start == 16 || fields.u16(16) == ZipRecord.mark
      return size(isShort || end - start < 24 ? 16 : 24, [])
    default: return nil
    }
  }

  private mutating func member(_ fixed: ByteFields, at start: Int, before end: Int) throws(ZipError)
    -> Int?
  {
    guard let flags = fixed.u16(6), let method = fixed.u16(8), let crc = fixed.u32(14),
      let compressed = fixed.u32(18), let size = fixed.u32(22), let nameSize = fixed.u16(26),
      let extraSize = fixed.u16(28)
    else { return nil }
    let dataStart = start + ZipRecord.localSize + Int(nameSize) + Int(extraSize)
    guard dataStart <= end else { return nil }
    let rest = try bytes(start + ZipRecord.localSize, dataStart - start - ZipRecord.localSize)
    var extra = ZipExtra(rest.dropFirst(Int(nameSize)))
    let isWide = extra?.wide != nil
    let fullSize = size == .max && isWide ? extra?.takeWide() : UInt64(size)
    let full = compressed == .max && isWide ? extra?.takeWide() : UInt64(compressed)
    var dataEnd = end
    if let full, full > 0 || flags & ZipRecord.descriptorFlag == 0 {
      dataEnd = full <= UInt64(end - dataStart) ? dataStart + Int(full) : end
    } else if let next = try ZipSignatureSearch(file).first(in: dataStart..<end) {
      dataEnd = next
    }
    let count = dataEnd - dataStart
    let isStored = method == ZipMethod.stored.rawValue
    let name = Array(rest.prefix(Int(nameSize)))
    entries.append(
      ZipEntry(
        name: String(decoding: name, as: UTF8.self), nameBytes: name, method: ZipMethod(rawValue: method),
        crc: crc, compressedSize: count, size: isStored ? count : Int(clamping: fullSize ?? 0),
        headerStart: start, dataStart: dataStart, refusal: nil))
    return dataEnd
  }

  private func bytes(_ start: Int, _ count: Int) throws(ZipError) -> [UInt8] {
    try asZip { () throws(FileError) in try file.bytes(at: start, count: count) }
  }
}

/// Finds the next record of a zip archive in arbitrary bytes.
private struct ZipSignatureSearch {
  private let file: ReadableFile
  /// The first window is small, so a search reads at most a few times the bytes that it skips.
  private static let (firstWindow, lastWindow) = (4 << 10, 1 << 20)

  init(_ file: ReadableFile) { self.file = file }

  /// The first position in `range` that has a record's signature.
  func first(in range: Range<Int>) throws(ZipError) -> Int? {
    var start = range.lowerBound
    var window = Self.firstWindow
    while range.upperBound - start >= 4 {
      let count = min(window, range.upperBound - start)
      let bytes = try asZip { () throws(FileError) in try file.bytes(at: start, count: count) }
      let places = 0..<bytes.count - 3
      if let found = places.first(where: { place in
        bytes[place] == 0x50 && bytes[place + 1] == 0x4B && ZipRecord.ends.contains(bytes[place + 2])
          && bytes[place + 3] == bytes[place + 2] + 1
      }) {
        return start + found
      }
      // A signature may begin in the last three bytes.
      start += count - 3
      window = min(2 * window, Self.lastWindow)
    }
    return nil
  }
}
