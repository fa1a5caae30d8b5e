import ByteFiles

@testable import HDF5Kit
@testable import UnitCheckpoints

// Changes of bytes, of object headers and of text.
extension CheckpointForger {
  /// Changes one byte of the file.
  mutating func change(at place: Int, by bits: UInt8 = 0x40) { file[place] ^= bits }

  /// The address of the bytes of the section at a path.
  func address(of path: String) throws -> Int {
    guard let row = tables.sections.indices.first(where: { self.path(ofSection: $0) == path }) else {
      throw ForgingError.nothing(path)
    }
    return Int(tables.sections[row].address)
  }

  /// The address of the object header at a path, in the file as it was.
  func header(of path: String) throws -> Int {
    try hdf5().dataset(at: path).address
  }

  /// Replaces bytes of an object header, and corrects its checksum.
  mutating func replaceInHeader(of path: String, _ old: [UInt8], by new: [UInt8]) throws {
    let start = try header(of: path)
    let context = try hdf5().root.header.context
    let end = start + (try HeaderBlocksV2.firstBlockSize(context, at: start)) - 4
    try replace(old, by: new, in: start..<end)
    rechecksum(start..<end)
  }

  /// The same in the header of the root group, after a place in it.
  mutating func replaceInRoot(_ old: [UInt8], by new: [UInt8], after place: Int) throws {
    let root = try hdf5().root
    let end = root.address + (try HeaderBlocksV2.firstBlockSize(root.header.context, at: root.address)) - 4
    try replace(old, by: new, in: place..<end)
    rechecksum(root.address..<end)
  }

  private mutating func rechecksum(_ header: Range<Int>) {
    let checksum = file[header].withUnsafeBufferPointer { lookup3($0) }
    let end = header.upperBound
    file.replaceSubrange(end..<end + 4, with: withUnsafeBytes(of: checksum.littleEndian) { Array($0) })
  }

  /// The address of a group's header.
  func groupAddress(of path: String) throws -> Int { try hdf5().group(at: path).address }

  /// Makes the link `name` of a group, whose header holds it, a soft link of the same length.
  mutating func makeSoft(_ group: String, _ name: String) throws {
    let group = try hdf5().group(at: group)
    let end = group.address + (try HeaderBlocksV2.firstBlockSize(group.header.context, at: group.address)) - 4
    let text = Array(name.utf8)
    guard
      let place = (group.address..<end).first(where: {
        file[$0...].starts(with: [UInt8(text.count)] + text)
      })
    else { throw ForgingError.nothing(name) }
    // Before: version 1, flags, length of the name, name, address. After: the type before the length, and the target
    // after its own length.
    file[place - 1] |= 8
    file.replaceSubrange(
      place..<place + 1 + text.count + 8, with: [1, UInt8(text.count)] + text + [5, 0] + Array("/a/bc".utf8))
    rechecksum(group.address..<end)
  }

  /// Gives the tensor `a/b` a link that no writer gives it.
  mutating func misspell() throws {
    try rebuild()
    let row = tables.sections[try section("tensors/a%2Fb")]
    try dataset("tensors/a%2Fb") { $0.path = "tensors/a%2fb" }
    try rebuild()
    let number = try section("tensors/a%2Fb")
    tables.sections[number].address = row.address
  }

  private func hdf5() throws -> HDF5File {
    let memory = try NamelessFile()
    try memory.write(file, at: 0)
    return try HDF5File(try memory.readable(as: "forged"))
  }

  /// Replaces the first occurrence of `old` in the file.
  mutating func replace(_ old: [UInt8], by new: [UInt8], in range: Range<Int>? = nil) throws {
    let range = range ?? file.indices
    guard old.count == new.count,
      let place = range.dropLast(old.count - 1).first(where: { file[$0...].starts(with: old) })
    else { throw ForgingError.nothing("\(old)") }
    file.replaceSubrange(place..<place + new.count, with: new)
  }

  /// Gives a section other bytes, in its dataset and in its row.
  mutating func resize(_ path: String, _ bytes: [UInt8]) throws {
    guard let number = datasets.firstIndex(where: { $0.path == path }) else {
      throw ForgingError.nothing(path)
    }
    datasets[number].bytes = bytes
    datasets[number].shape = [bytes.count / datasets[number].type.size]
    try section(path) { $0.bytes = UInt64(bytes.count) }
  }

  /// Replaces text of a table or a header, at every occurrence.
  static func replace(_ bytes: inout [UInt8], _ old: String, by new: String) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    let changed = text.replacing(old, with: new)
    if text == changed { throw ForgingError.nothing(old) }
    bytes = Array(changed.utf8)
  }

  mutating func replan(_ old: String, by new: String) throws { try Self.replace(&tables.plan, old, by: new) }
  /// Replaces text of the plan, or other text if the plan does not contain it.
  mutating func replan(_ old: String, by new: String, or other: (old: String, new: String)) throws {
    do { try replan(old, by: new) } catch { try replan(other.old, by: other.new) }
  }
  mutating func resource(_ old: String, by new: String) throws {
    try Self.replace(&tables.source, old, by: new)
  }

  /// Replaces bytes of the first header.
  mutating func replaceInHeaders(_ old: [UInt8], by new: [UInt8]) throws {
    guard let place = headers[0].indices.first(where: { headers[0][$0...].starts(with: old) }) else {
      throw ForgingError.nothing("\(old)")
    }
    headers[0].replaceSubrange(place..<place + old.count, with: new)
  }

  mutating func reindex(_ old: String, by new: String) throws {
    var bytes = shardIndex ?? []
    try Self.replace(&bytes, old, by: new)
    shardIndex = bytes
  }
}
