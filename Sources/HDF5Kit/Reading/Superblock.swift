/// The first structure of an HDF5 file: the sizes of addresses and lengths, the end of the file, the root's place.
struct Superblock: Sendable {
  static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  let version: UInt8
  /// The file offset where the HDF5 data ends, as the writer recorded it.
  let endOfFile: Int
  /// The file offset of the root group's object header.
  let root: Int
  /// The file offset of the superblock extension, an object header.
  let extensionHeader: Int?

  /// Finds the superblock at byte 0, 512, 1024, 2048, … (a user block may come before it). Reads it, and sets in
  /// `context` the sizes that later decoders need.
  init(_ context: inout FileContext) throws(HDF5Error) {
    let size = context.source.size
    var place = 0
    while true {
      guard place <= size - 8 else {
        throw context.malformed(
          "superblock", at: nil, expected: "the HDF5 signature at byte 0, 512, 1024, …", found: "none")
      }
      var cursor = try context.cursor(at: place, count: 8, in: "superblock")
      if try cursor.take(8) == Self.signature { break }
      place = place == 0 ? 512 : place * 2
    }
    var sizes = FileContext.Sizes()
    sizes.base = place
    var cursor = try context.cursor(at: place, count: min(128, size - place), in: "superblock")
    try cursor.skip(8)
    version = try cursor.version(0...3)
    // Before version 2: versions of free space, root group, a reserved byte, shared headers.
    if version < 2 { try cursor.skip(4) }
    let start = cursor
    sizes.addressWidth = Int(try cursor.u8())
    sizes.lengthWidth = Int(try cursor.u8())
    guard [2, 4, 8].contains(sizes.addressWidth), [2, 4, 8].contains(sizes.lengthWidth) else {
      throw start.malformed(
        expected: "addresses and lengths of 2, 4 or 8 bytes",
        found: "\(sizes.addressWidth) and \(sizes.lengthWidth)")
    }
    if version < 2 {
      try cursor.skip(1)
      let leafK = try cursor.u16()
      let internalK = try cursor.u16()
      guard leafK > 0, internalK > 0 else {
        throw cursor.malformed(expected: "group node sizes above 0", found: "\(leafK) and \(internalK)")
      }
      sizes.symbolNodeK = leafK
      sizes.groupNodeK = internalK
      try cursor.skip(version == 1 ? 8 : 4)
    }
    // A cursor's context holds the widths, so a new cursor is needed.
    let done = cursor.offset - place
    context = context.with(sizes)
    cursor = try context.cursor(at: place, count: min(128, size - place), in: "superblock")
    try cursor.skip(done)
    if version < 2 {
      (endOfFile, root) = try Self.classic(&cursor)
      extensionHeader = nil
    } else {
      (endOfFile, root, extensionHeader) = try Self.modern(&cursor, version: version)
    }
    guard endOfFile <= size else {
      throw context.malformed(
        "superblock", at: place, expected: "a file of \(endOfFile.grouped) bytes (truncated?)",
        found: size.grouped)
    }
  }

  private static func classic(_ cursor: inout ByteCursor) throws(HDF5Error) -> (end: Int, root: Int) {
    let declaredBase = try cursor.int(cursor.context.addressWidth)
    _ = try cursor.address()
    let end = try endAddress(&cursor, declaredBase: declaredBase)
    if try cursor.address() != nil {
      throw cursor.unsupported("a driver information block (a file in several parts)")
    }
    // The root's symbol table entry: name offset, header address, and a cache that is not needed.
    try cursor.skip(cursor.context.addressWidth)
    return (end, try cursor.definedAddress(of: "the root group"))
  }

  private static func modern(
    _ cursor: inout ByteCursor, version: UInt8
  ) throws(HDF5Error) -> (end: Int, root: Int, extensionHeader: Int?) {
    let flags = try cursor.u8()
    if version == 3, flags & 0b101 != 0 {
      throw cursor.malformed(expected: "a file that its writer closed", found: "the mark of an open file")
    }
    let declaredBase = try cursor.int(cursor.context.addressWidth)
    let extensionHeader = try cursor.address()
    let end = try endAddress(&cursor, declaredBase: declaredBase)
    let root = try cursor.definedAddress(of: "the root group")
    try cursor.checksum()
    return (end, root, extensionHeader)
  }

  /// The end of the file as an offset in this file.
  ///
  /// The stored end counts from the stored base. If a user block was added in front later, both stay the same.
  private static func endAddress(_ cursor: inout ByteCursor, declaredBase: Int) throws(HDF5Error) -> Int {
    let start = cursor
    let stored = try cursor.int(cursor.context.addressWidth)
    let (moved, overflow) = stored.addingReportingOverflow(cursor.context.base)
    let end = moved.subtractingReportingOverflow(declaredBase)
    guard !overflow, !end.overflow, end.partialValue >= 0 else {
      throw start.malformed(expected: "an end of file", found: "\(stored)")
    }
    return end.partialValue
  }
}
