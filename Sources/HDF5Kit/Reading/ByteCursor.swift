/// A position in a range of the file's bytes; it cannot leave the range.
///
/// Every decoder reads through a cursor, so a read past the end of a structure is always the same error. Numbers are
/// little-endian, as everywhere in the format.
struct ByteCursor: Sendable {
  let context: FileContext
  /// The format's name of the structure that is being read, for messages.
  let structure: String
  private let bytes: [UInt8]
  /// The file offset of `bytes[0]`.
  private let origin: Int
  private var position: Int
  private let end: Int

  init(context: FileContext, structure: String, bytes: [UInt8], origin: Int) {
    self.init(context: context, structure: structure, bytes: bytes, origin: origin, range: 0..<bytes.count)
  }

  private init(context: FileContext, structure: String, bytes: [UInt8], origin: Int, range: Range<Int>) {
    self.context = context
    self.structure = structure
    self.bytes = bytes
    self.origin = origin
    position = range.lowerBound
    end = range.upperBound
  }

  /// The file offset of the next byte.
  var offset: Int { origin + position }
  var remaining: Int { end - position }

  func malformed(expected: String, found: String) -> HDF5Error {
    context.malformed(structure, at: offset, expected: expected, found: found)
  }

  func unsupported(_ feature: String) -> HDF5Error {
    context.unsupported(feature, in: structure, at: offset)
  }

  private func require(_ count: Int) throws(HDF5Error) {
    guard count >= 0, count <= end - position else {
      throw malformed(expected: "\(count) more bytes", found: "\(end - position)")
    }
  }

  mutating func skip(_ count: Int) throws(HDF5Error) {
    try require(count)
    position += count
  }

  /// Moves forward to a multiple of eight bytes after `start`, an earlier `offset`; at most to the end.
  mutating func align8(from start: Int) {
    let over = (offset - start) % 8
    if over > 0 { position = min(end, position + 8 - over) }
  }

  mutating func u8() throws(HDF5Error) -> UInt8 {
    try require(1)
    defer { position += 1 }
    return bytes[position]
  }

  mutating func u16() throws(HDF5Error) -> Int { Int(truncatingIfNeeded: try unsigned(2)) }

  mutating func u32() throws(HDF5Error) -> Int { Int(truncatingIfNeeded: try unsigned(4)) }

  /// The next `width` bytes (at most 8) as a number.
  mutating func unsigned(_ width: Int) throws(HDF5Error) -> UInt64 {
    try require(width)
    var value: UInt64 = 0
    for index in stride(from: width - 1, through: 0, by: -1) {
      value = value << 8 | UInt64(bytes[position + index])
    }
    position += width
    return value
  }

  /// The next `width` bytes as a count or size; throws if it exceeds `Int`.
  mutating func int(_ width: Int) throws(HDF5Error) -> Int {
    let start = self
    let value = try unsigned(width)
    guard let result = Int(exactly: value) else {
      throw start.malformed(expected: "a size below 2^63", found: "\(value)")
    }
    return result
  }

  /// The next length, in the file's length width.
  mutating func length() throws(HDF5Error) -> Int { try int(context.lengthWidth) }

  /// The next address as an absolute offset within the file; nil for the undefined address.
  mutating func address() throws(HDF5Error) -> Int? {
    let start = self
    let width = context.addressWidth
    let value = try unsigned(width)
    if value == UInt64.max >> UInt64(64 - 8 * width) { return nil }
    guard let relative = Int(exactly: value), relative <= context.source.size - context.base else {
      throw start.malformed(
        expected: "an address within the file's \(context.source.size.grouped) bytes", found: "\(value)")
    }
    return context.base + relative
  }

  /// The next address; throws if it is undefined.
  mutating func definedAddress(of what: String) throws(HDF5Error) -> Int {
    let start = self
    guard let address = try address() else {
      throw start.malformed(expected: "the address of \(what)", found: "the undefined address")
    }
    return address
  }

  mutating func take(_ count: Int) throws(HDF5Error) -> [UInt8] {
    try require(count)
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  /// The bytes before the next NUL; the cursor moves past the NUL.
  mutating func terminated() throws(HDF5Error) -> [UInt8] {
    guard let stop = bytes[position..<end].firstIndex(of: 0) else {
      throw malformed(expected: "a name that ends in NUL", found: "none in \(remaining) bytes")
    }
    defer { position = stop + 1 }
    return Array(bytes[position..<stop])
  }

  /// The remaining bytes, with another structure name in messages.
  func renamed(_ structure: String) -> ByteCursor {
    ByteCursor(
      context: context, structure: structure, bytes: bytes, origin: origin, range: position..<end)
  }

  /// A cursor over the next `count` bytes; this cursor moves past them.
  mutating func part(_ count: Int) throws(HDF5Error) -> ByteCursor {
    try require(count)
    defer { position += count }
    return ByteCursor(
      context: context, structure: structure, bytes: bytes, origin: origin,
      range: position..<position + count)
  }

  mutating func signature(_ text: StaticString) throws(HDF5Error) {
    let start = self
    let found = try take(text.utf8CodeUnitCount)
    guard text.withUTF8Buffer({ $0.elementsEqual(found) }) else {
      throw start.malformed(
        expected: "the signature '\(text)'", found: HDF5Name(bytes: found).quoted)
    }
  }

  mutating func version(_ known: ClosedRange<UInt8>) throws(HDF5Error) -> UInt8 {
    let start = self
    let version = try u8()
    guard known.contains(version) else { throw start.unsupported("\(structure) version \(version)") }
    return version
  }

  /// Checks that the next four bytes are the Jenkins checksum of all bytes before them.
  mutating func checksum() throws(HDF5Error) {
    let start = self
    let computed = bytes[..<position].withUnsafeBufferPointer { lookup3($0) }
    let stored = try unsigned(4)
    guard UInt64(computed) == stored || !context.limits.checksMetadata else {
      throw start.malformed(
        expected: "checksum \(String(computed, radix: 16))", found: String(stored, radix: 16))
    }
  }

  /// Checks that the next four bytes are the checksum of the whole structure, computed with these four bytes as zero.
  mutating func checksumInside() throws(HDF5Error) {
    let start = self
    let stored = try unsigned(4)
    var whole = bytes
    for index in start.position..<position { whole[index] = 0 }
    let computed = whole.withUnsafeBufferPointer { lookup3($0) }
    guard UInt64(computed) == stored || !context.limits.checksMetadata else {
      throw start.malformed(
        expected: "checksum \(String(computed, radix: 16))", found: String(stored, radix: 16))
    }
  }
}
