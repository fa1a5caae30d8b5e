internal import ByteFiles
internal import Tensors

/// The sorted table of keys and values in an index file: LevelDB's format of tables, without compression.
///
/// A footer gives the place of the index block, which gives those of the blocks of entries. Every block ends with its
/// type and a masked CRC-32C. Keys ascend, and each is stored as what differs from the one before.
struct TableFile {
  /// The last bytes of a table.
  static let magic: [UInt8] = [0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB]
  static let footerSize = 48
  /// The type and the checksum after a block.
  private static let trailerSize = 5
  private static let blockLimit = 64 << 20
  private static let entryLimit = 1_000_000
  private static let keyLimit = 65_535
  /// The most bytes of all keys. A key takes three bytes of the file if the rest is that of the one before.
  private static let keyBytesLimit = 64 << 20

  /// A key, and its value's range in the file.
  struct Entry {
    let key: [UInt8]
    let value: Range<Int>
  }

  private let file: ReadableFile
  private(set) var entries: [Entry] = []
  private var keyBytesLeft = keyBytesLimit

  init(_ file: ReadableFile) throws(FlatFormatError) {
    self.file = file
    guard file.size >= Self.footerSize else {
      throw broken("file", "the \(Self.footerSize) bytes of a table's footer", "\(file.size) bytes")
    }
    let footer = try bytes(at: file.size - Self.footerSize, count: Self.footerSize)
    guard footer.suffix(8).elementsEqual(Self.magic) else {
      throw broken("last 8 bytes", "the mark of a table", "other bytes")
    }
    var fields = VarintFields(footer.dropLast(8))
    guard let extra = fields.handle(), let index = fields.handle() else {
      throw broken("footer", "the places of two blocks", "other bytes")
    }
    // No key is in this block; readers of TensorFlow ignore it.
    _ = try block(extra, "the block of meta data")
    var last: [UInt8]?
    for (key, value) in try members(try block(index, "the index block"), index, "the index block") {
      let place = "the block that ends before key \(Self.words(key))"
      var fields = VarintFields(try bytes(at: value.lowerBound, count: value.count)[...])
      guard let handle = fields.handle(), fields.isEmpty else {
        throw broken(place, "the place of a block", "other bytes")
      }
      for (key, value) in try members(try block(handle, place), handle, place) {
        if let last, !last.lexicographicallyPrecedes(key) {
          throw broken("key \(Self.words(key))", "keys in ascending order", "it after \(Self.words(last))")
        }
        last = key
        guard entries.count < Self.entryLimit else {
          throw refusal(.tensorflowLimit, "table", "at most \(Self.entryLimit.grouped) entries", "more")
        }
        entries.append(Entry(key: key, value: value))
      }
    }
  }

  /// A key in quotes; bytes that are not UTF-8 are replaced.
  static func words(_ key: [UInt8]) -> String { TensorName(String(decoding: key, as: UTF8.self)).quoted }

  /// The bytes of a block, whose checksum is right.
  private func block(_ handle: VarintFields.Handle, _ place: String) throws(FlatFormatError) -> [UInt8] {
    let most = file.size - Self.footerSize - Self.trailerSize
    guard handle.size <= most, handle.offset <= most - handle.size else {
      throw broken(
        place, "a block before the footer at byte \(file.size - Self.footerSize)",
        "\(handle.size.grouped) bytes at \(handle.offset)")
    }
    guard handle.size <= Self.blockLimit else {
      throw refusal(
        .tensorflowLimit, place, "a block of at most \(Self.blockLimit.grouped) bytes", handle.size.grouped)
    }
    let stored = try bytes(at: handle.offset, count: handle.size + Self.trailerSize)
    let trailer = ByteFields(stored.suffix(Self.trailerSize))
    let expected = trailer.u32(1) ?? 0
    let found = MaskedCRC.masked(CRC32C.of(Array(stored.dropLast(4))))
    guard expected == found else {
      throw MaskedCRC.mismatch(file.path, place, expected: expected, found: found)
    }
    if let type = trailer.bytes.first, type != 0 {
      throw refusal(
        .tensorflowFeature, place, "a block without compression",
        type == 1 ? "one that is compressed by Snappy" : "compression \(type)")
    }
    return Array(stored.dropLast(Self.trailerSize))
  }

  /// The keys of a block, and the ranges of their values in the file.
  private mutating func members(
    _ block: [UInt8], _ handle: VarintFields.Handle, _ place: String
  ) throws(FlatFormatError) -> [(key: [UInt8], value: Range<Int>)] {
    // The offsets of keys that are stored in full, and their number, are at the end. A walk needs only the number.
    guard let restarts = ByteFields(block.suffix(4)).u32(0), restarts <= (block.count - 4) / 4 else {
      throw broken(place, "a list of offsets at its end", "\(block.count.grouped) bytes")
    }
    var members: [(key: [UInt8], value: Range<Int>)] = []
    let body = block[..<(block.count - 4 - 4 * Int(restarts))]
    var fields = VarintFields(body)
    var key: [UInt8] = []
    while !fields.isEmpty {
      guard let shared = fields.size(), let own = fields.size(), let size = fields.size(),
        shared <= key.count, let rest = fields.take(own)
      else { throw broken(place, "keys and values within it", "an entry that is not") }
      let start = handle.offset + (fields.position - body.startIndex)
      guard fields.take(size) != nil else {
        throw broken(place, "keys and values within it", "an entry that is not")
      }
      keyBytesLeft -= shared + own
      guard shared + own <= Self.keyLimit, keyBytesLeft >= 0 else {
        throw refusal(
          .tensorflowLimit, place,
          "keys of at most \(Self.keyLimit.grouped) bytes, and of \(Self.keyBytesLimit.grouped) together",
          "more")
      }
      key.removeLast(key.count - shared)
      key += rest
      members.append((key, start..<(start + size)))
    }
    return members
  }

  private func bytes(at offset: Int, count: Int) throws(FlatFormatError) -> [UInt8] {
    try asFlatFormat { () throws(FileError) in try file.bytes(at: offset, count: count) }
  }

  private func broken(_ place: String, _ expected: String, _ found: String) -> FlatFormatError {
    refusal(.tensorflowTable, place, expected, found)
  }

  private func refusal(
    _ rule: FlatFormatRule, _ place: String, _ expected: String, _ found: String
  ) -> FlatFormatError {
    .refused(rule, path: file.path, place: place, expected: expected, found: found)
  }
}
