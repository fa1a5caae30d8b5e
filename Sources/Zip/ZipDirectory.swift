internal import ByteFiles
internal import Tensors

/// Reads the entries of a central directory and checks each against its local header.
struct ZipDirectory {
  let file: ReadableFile
  let end: ZipEnd

  /// The entries in the directory's order; throws if two of them share bytes or a name.
  func entries() throws(ZipError) -> [ZipEntry] {
    let entries = try members()
    try requireDisjoint(entries)
    return entries
  }

  /// The entries in the directory's order; they may share bytes and names.
  func members() throws(ZipError) -> [ZipEntry] {
    let bytes = try read(end.directoryStart, end.directorySize)
    let fields = ByteFields(bytes)
    var entries: [ZipEntry] = []
    entries.reserveCapacity(end.entryCount)
    var offset = 0
    for number in 0..<end.entryCount {
      let central = try central(fields, at: offset, number: number)
      entries.append(try entry(central))
      offset += central.recordSize
    }
    if offset != bytes.count {
      throw .refused(
        .directorySize, path: file.path, place: "central directory", expected: "\(end.entryCount) entries",
        found: "\((bytes.count - offset).grouped) bytes after the last")
    }
    return entries
  }

  /// One record of the central directory, with its zip64 values filled in.
  struct Central {
    var recordSize: Int
    var flags: UInt16
    var method: UInt16
    var crc: UInt32
    var compressedSize: UInt64
    var size: UInt64
    var headerStart: UInt64
    var name: [UInt8]
    var hasUnicodePath: Bool

    var shown: String { "member " + TensorName(String(decoding: name, as: UTF8.self)).quoted }
    var isSecret: Bool { flags & ZipRecord.secretFlags != 0 }
  }

  private func central(_ fields: ByteFields, at offset: Int, number: Int) throws(ZipError) -> Central {
    let place = "central directory, entry \(number)"
    func refusal(_ rule: ZipRule, _ expected: String, _ found: String) -> ZipError {
      .refused(rule, path: file.path, place: place, expected: expected, found: found)
    }
    guard let record = fields.slice(offset, ZipRecord.centralSize).map(ByteFields.init),
      let nameSize = record.u16(28), let extraSize = record.u16(30), let commentSize = record.u16(32),
      let disk = record.u16(34), let flags = record.u16(8), let method = record.u16(10),
      let crc = record.u32(16),
      let compressed = record.u32(20), let size = record.u32(24), let start = record.u32(42)
    else { throw refusal(.directorySize, "46 bytes", "\((fields.count - offset).grouped)") }
    guard record.u32(0) == ZipRecord.centralSignature else {
      throw refusal(
        .directorySignature, "the signature 0x2014b50", "0x" + String(record.u32(0) ?? 0, radix: 16))
    }
    let nameStart = offset + ZipRecord.centralSize
    let recordSize = ZipRecord.centralSize + Int(nameSize) + Int(extraSize) + Int(commentSize)
    guard let name = fields.slice(nameStart, Int(nameSize)),
      let extraBytes = fields.slice(nameStart + Int(nameSize), Int(extraSize)),
      recordSize <= fields.count - offset
    else {
      throw refusal(.directorySize, "\(recordSize.grouped) bytes", "\((fields.count - offset).grouped)")
    }
    guard var extra = ZipExtra(extraBytes) else {
      throw refusal(
        .extra, "extra fields that fit their \(extraSize) bytes, each once", "a longer or repeated field")
    }
    let isWide = extra.wide != nil
    func wide(_ value: UInt32, _ what: String) throws(ZipError) -> UInt64 {
      // Without a zip64 field, the number is the value itself (APPNOTE 4.5.3).
      if value != 0xFFFF_FFFF || !isWide { return UInt64(value) }
      guard let found = extra.takeWide() else {
        throw refusal(.extra64, "the \(what) in a zip64 extra field", "none")
      }
      return found
    }
    let fullSize = try wide(size, "uncompressed size")
    let fullCompressed = try wide(compressed, "compressed size")
    let fullStart = try wide(start, "place of the local header")
    guard disk == 0 || disk == 0xFFFF else {
      throw refusal(.disks, "an archive in one part", "a member in part \(disk)")
    }
    return Central(
      recordSize: recordSize, flags: flags, method: method, crc: crc, compressedSize: fullCompressed,
      size: fullSize, headerStart: fullStart, name: Array(name), hasUnicodePath: extra.hasUnicodePath)
  }

  /// The entry, after a check that its local header agrees and its data end before the directory.
  private func entry(_ central: Central) throws(ZipError) -> ZipEntry {
    func refusal(_ rule: ZipRule, _ expected: String, _ found: String) -> ZipError {
      .refused(rule, path: file.path, place: central.shown, expected: expected, found: found)
    }
    if central.method == 0, !central.isSecret, central.size != central.compressedSize {
      throw refusal(
        .storedSize, "a stored member of equal sizes",
        "\(central.compressedSize.grouped) and \(central.size.grouped) bytes")
    }
    guard central.headerStart <= UInt64(end.directoryStart),
      end.directoryStart - Int(central.headerStart) >= ZipRecord.localSize
    else {
      throw refusal(
        .dataBounds, "a local header before byte \(end.directoryStart)",
        "it at byte \(central.headerStart)")
    }
    let headerStart = Int(central.headerStart)
    let (dataStart, disagreement) = try ZipLocalHeader(file: file, central: central, start: headerStart)
      .read()
    guard dataStart <= end.directoryStart,
      central.compressedSize <= UInt64(end.directoryStart - dataStart), central.size <= UInt64(Int.max)
    else {
      throw refusal(
        .dataBounds, "data that end before byte \(end.directoryStart)",
        "\(central.compressedSize.grouped) bytes at byte \(dataStart)")
    }
    let own = memberRefusal(central, refusal)
    return ZipEntry(
      name: String(decoding: central.name, as: UTF8.self), nameBytes: central.name,
      method: ZipMethod(rawValue: central.method), crc: central.crc,
      compressedSize: Int(central.compressedSize),
      size: Int(central.size), headerStart: headerStart, dataStart: dataStart,
      refusal: own ?? disagreement?.error,
      disagreesInSize: own == nil && disagreement?.isOfSize == true)
  }

  /// The reason why a member of a sound archive must not be read; nil if it can be.
  private func memberRefusal(
    _ central: Central, _ refusal: (ZipRule, String, String) -> ZipError
  ) -> ZipError? {
    if central.isSecret {
      return refusal(
        .encrypted, "a member that is neither encrypted nor a patch", "flags of encryption or of a patch")
    }
    guard ZipMethod(rawValue: central.method) != nil else {
      return refusal(.method, "a member stored (0) or deflated (8)", "method \(central.method)")
    }
    if let problem = ZipName.problem(central.name) {
      return refusal(.name, "a relative name without '..', backslash or NUL", problem)
    }
    let isASCII = central.name.allSatisfy { $0 < 0x80 }
    let isUTF8 =
      central.flags & ZipRecord.utf8Flag != 0 && String(validating: central.name, as: UTF8.self) != nil
    if !isASCII && !isUTF8 {
      return refusal(.nameEncoding, "a name in ASCII, or in UTF-8 and marked as such", "another encoding")
    }
    if central.hasUnicodePath {
      return refusal(.nameEncoding, "one name", "a second one in an extra field (0x7075)")
    }
    return nil
  }

  /// Checks that no two members share a byte or a name.
  private func requireDisjoint(_ entries: [ZipEntry]) throws(ZipError) {
    var names = Set<[UInt8]>()
    for entry in entries where !names.insert(entry.nameBytes).inserted {
      throw .refused(
        .duplicateName, path: file.path, place: "member " + TensorName(entry.name).quoted,
        expected: "every name once", found: "it twice")
    }
    var position = 0
    for entry in entries.sorted(by: { $0.headerStart < $1.headerStart }) {
      if entry.headerStart < position {
        throw .refused(
          .overlap, path: file.path, place: "member " + TensorName(entry.name).quoted,
          expected: "a member that begins after byte \(position), where another ends",
          found: "it at byte \(entry.headerStart)")
      }
      position = entry.dataStart + entry.compressedSize
    }
  }

  private func read(_ start: Int, _ count: Int) throws(ZipError) -> [UInt8] {
    try asZip { () throws(FileError) in try file.bytes(at: start, count: count) }
  }
}
