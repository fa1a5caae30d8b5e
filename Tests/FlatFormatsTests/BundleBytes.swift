import FlatFormats
import Tensors
import TestSupport

/// A checkpoint of TensorFlow put together from parts, so that a test can change each of them.
struct BundleBytes {
  /// A message of protobuf, field by field.
  struct Message {
    var bytes: [UInt8] = []

    static func varint(_ value: Int) -> [UInt8] {
      var bits = UInt64(bitPattern: Int64(value))
      var bytes: [UInt8] = []
      while bits >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: bits) | 0x80)
        bits >>= 7
      }
      return bytes + [UInt8(bits)]
    }

    func with(_ field: Int, _ value: Int) -> Message {
      Message(bytes: bytes + Self.varint(field << 3) + Self.varint(value))
    }

    func with(_ field: Int, bytes value: [UInt8]) -> Message {
      Message(bytes: bytes + Self.varint(field << 3 | 2) + Self.varint(value.count) + value)
    }

    func with(_ field: Int, fixed value: UInt32) -> Message {
      Message(bytes: bytes + Self.varint(field << 3 | 5) + FlatFormatsTests.bytes(value))
    }
  }

  struct Entry {
    var key: [UInt8] = Array("w".utf8)
    var dtype = 3
    var shape = [2, 3]
    var shard = 0
    var offset = 0
    var data = pattern(24, salt: 1)
    /// The size and the checksum that the entry claims; nil for the true ones.
    var size: Int?
    var crc: UInt32?
    var slices: [[(start: Int, length: Int)?]] = []
    /// The whole value; nil for the one of these members.
    var raw: [UInt8]?

    var value: [UInt8] {
      if let raw { return raw }
      let extents = shape.reduce(Message()) { $0.with(2, bytes: Message().with(1, $1).bytes) }
      var message = Message().with(1, dtype).with(2, bytes: extents.bytes).with(3, shard).with(4, offset)
        .with(5, size ?? data.count).with(6, fixed: crc ?? BundleBytes.masked(data))
      for slice in slices {
        let ranges = slice.reduce(Message()) { message, range in
          message.with(1, bytes: range.map { Message().with(1, $0.start).with(2, $0.length).bytes } ?? [])
        }
        message = message.with(7, bytes: ranges.bytes)
      }
      return message.bytes
    }
  }

  var entries = [Entry()]
  var header = Message().with(1, 1).with(3, bytes: Message().with(1, 1).bytes).bytes
  /// Whether keys are written in this order, without sorting.
  var keepsOrder = false
  /// The type of the block of entries.
  var blockType: UInt8 = 0
  /// Changes the block of entries before its checksum is made.
  var changeBlock: ((inout [UInt8]) -> Void)?
  /// Changes the whole index.
  var changeIndex: ((inout [UInt8]) -> Void)?
  /// The data files by name; nil for those that the entries make.
  var files: [(name: String, bytes: [UInt8])]?

  static func masked(_ bytes: [UInt8]) -> UInt32 {
    // Bit by bit, so that a mistake of the reader's tables shows.
    var crc: UInt32 = .max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }
    crc = ~crc
    return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
  }

  /// Several tensors one after the other in the data file.
  static func tensors(_ entries: [Entry]) -> BundleBytes {
    var bundle = BundleBytes()
    bundle.entries = []
    var offset = 0
    for var entry in entries {
      entry.offset = offset
      offset += entry.data.count
      bundle.entries.append(entry)
    }
    return bundle
  }

  func with(_ change: (inout BundleBytes) -> Void) -> BundleBytes {
    var copy = self
    change(&copy)
    return copy
  }

  /// The members of a block: each key in full, or as what differs from the one before.
  private static func block(_ members: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
    var last: [UInt8] = []
    var bytes: [UInt8] = []
    for (key, value) in members {
      let shared = zip(key, last).prefix { $0 == $1 }.count
      bytes += Message.varint(shared) + Message.varint(key.count - shared) + Message.varint(value.count)
      bytes += key[shared...] + value
      last = key
    }
    return bytes + FlatFormatsTests.bytes(UInt32(0)) + FlatFormatsTests.bytes(UInt32(1))
  }

  var index: [UInt8] {
    var file: [UInt8] = []
    func handle(_ block: [UInt8], type: UInt8 = 0) -> [UInt8] {
      let place = Message.varint(file.count) + Message.varint(block.count)
      let stored = block + [type]
      file += stored + FlatFormatsTests.bytes(Self.masked(stored))
      return place
    }
    var members = entries.map { ($0.key, $0.value) }
    if !keepsOrder { members.sort { $0.0.lexicographicallyPrecedes($1.0) } }
    var block = Self.block([([], header)] + members)
    changeBlock?(&block)
    let data = handle(block, type: blockType)
    let meta = handle(Self.block([]))
    let index = handle(Self.block([([0xFF], data)]))
    let places = meta + index
    file += places + [UInt8](repeating: 0, count: 40 - places.count)
    file += [0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB]
    changeIndex?(&file)
    return file
  }

  var data: [(name: String, bytes: [UInt8])] {
    if let files { return files }
    var bytes: [UInt8] = []
    for entry in entries where entry.slices.isEmpty && entry.offset == bytes.count { bytes += entry.data }
    return [("x.data-00000-of-00001", bytes)]
  }

  /// Writes the files into a folder, and returns the path of the index.
  func write(in folder: TemporaryFolder) throws -> String {
    for (name, bytes) in data { _ = try folder.write(bytes, as: name) }
    return try folder.write(index, as: "x.index")
  }
}
