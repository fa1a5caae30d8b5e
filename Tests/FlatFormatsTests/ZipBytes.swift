/// A zip archive built field by field, so that a test can change each field.
struct ZipBytes {
  struct Member {
    var name: [UInt8]
    var data: [UInt8]
    var method: UInt16 = 0
    var flags: UInt16 = 0
    /// CRC-32 of the unpacked bytes; nil to compute it from `data`.
    var crc: UInt32?
    /// The unpacked size; nil for that of `data`.
    var size: UInt32?
    var compressedSize: UInt32?
    var extra: [UInt8] = []
    var localExtra: [UInt8] = []
    var localName: [UInt8]?
    var localMethod: UInt16?
    var localFlags: UInt16?
    var localSize: UInt32?
    var localSignature: UInt32 = 0x0403_4B50
    var centralSignature: UInt32 = 0x0201_4B50
    var disk: UInt16 = 0
    /// The position of the local header in the central directory; nil for the true one.
    var start: UInt32?

    init(_ name: String, _ data: [UInt8]) {
      self.name = Array(name.utf8)
      self.data = data
    }
  }

  var members: [Member]
  var comment: [UInt8] = []
  var commentSize: UInt16?
  var entries: UInt16?
  var disk: UInt16 = 0
  var directorySize: UInt32?
  var directoryStart: UInt32?
  /// Bytes between the members and the directory.
  var gap: [UInt8] = []
  /// Bytes after the directory, for example a zip64 record.
  var beforeEnd: [UInt8] = []
  var tail: [UInt8] = []

  init(_ members: [Member]) { self.members = members }

  /// An archive with one small array, changed by `change`.
  static func array(_ change: (inout Member) -> Void = { _ in }) -> ZipBytes {
    var member = Member("a.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", data: 12))
    change(&member)
    return ZipBytes([member])
  }

  func with(_ change: (inout ZipBytes) -> Void) -> ZipBytes {
    var copy = self
    change(&copy)
    return copy
  }

  var file: [UInt8] {
    var out: [UInt8] = []
    var central: [UInt8] = []
    for member in members {
      let start = UInt32(out.count)
      let crc = member.crc ?? crc32(member.data)
      let size = member.size ?? UInt32(member.data.count)
      let packed = member.compressedSize ?? UInt32(member.data.count)
      let localName = member.localName ?? member.name
      out += bytes(member.localSignature) + bytes(UInt16(20)) + bytes(member.localFlags ?? member.flags)
      out += bytes(member.localMethod ?? member.method) + [0, 0, 0x21, 0] + bytes(crc) + bytes(packed)
      out += bytes(member.localSize ?? size) + bytes(UInt16(localName.count))
      out += bytes(UInt16(member.localExtra.count)) + localName + member.localExtra + member.data
      central += bytes(member.centralSignature) + bytes(UInt16(20)) + bytes(UInt16(20)) + bytes(member.flags)
      central += bytes(member.method) + [0, 0, 0x21, 0] + bytes(crc) + bytes(packed) + bytes(size)
      central += bytes(UInt16(member.name.count)) + bytes(UInt16(member.extra.count)) + bytes(UInt16(0))
      central += bytes(member.disk) + bytes(UInt16(0)) + bytes(UInt32(0)) + bytes(member.start ?? start)
      central += member.name + member.extra
    }
    out += gap
    let start = UInt32(out.count)
    let count = entries ?? UInt16(members.count)
    out += central + beforeEnd + bytes(UInt32(0x0605_4B50)) + bytes(disk) + bytes(disk) + bytes(count)
    out += bytes(count) + bytes(directorySize ?? UInt32(central.count)) + bytes(directoryStart ?? start)
    return out + bytes(commentSize ?? UInt16(comment.count)) + comment + tail
  }
}

/// CRC-32 computed bit by bit: an oracle independent of zlib.
func crc32(_ data: [UInt8]) -> UInt32 {
  var crc = UInt32.max
  for byte in data {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }
  return ~crc
}

/// `data` as a deflate stream of one stored block.
func deflated(_ data: [UInt8]) -> [UInt8] {
  let count = UInt16(data.count)
  return [1] + bytes(count) + bytes(~count) + data
}
