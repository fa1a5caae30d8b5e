/// The bytes of elements that were never written.
enum FillValue {
  /// The element's bytes from an old or new fill value message; nil for zeros.
  static func read(_ header: ObjectHeader, elementSize: Int) throws(HDF5Error) -> [UInt8]? {
    if let message = try header.only(.fillValue) { return try current(message, elementSize) }
    guard let message = try header.only(.oldFillValue) else { return nil }
    guard !message.isShared else { throw message.body.unsupported("a shared fill value message") }
    var cursor = message.body
    return try value(&cursor, elementSize)
  }

  private static func current(_ message: HeaderMessage, _ elementSize: Int) throws(HDF5Error) -> [UInt8]? {
    guard !message.isShared else { throw message.body.unsupported("a shared fill value message") }
    var cursor = message.body
    let version = try cursor.version(1...3)
    if version == 3 {
      let flags = try cursor.u8()
      return flags & 0x20 == 0 ? nil : try value(&cursor, elementSize)
    }
    // The times of allocation and of writing do not matter to a reader.
    try cursor.skip(2)
    return try cursor.u8() == 0 ? nil : try value(&cursor, elementSize)
  }

  private static func value(_ cursor: inout ByteCursor, _ elementSize: Int) throws(HDF5Error) -> [UInt8]? {
    let start = cursor
    let size = try cursor.u32()
    // A size of 0 means the default value, a size of −1 an undefined value.
    if size == 0 || size == 0xFFFF_FFFF { return nil }
    guard size == elementSize else {
      throw start.malformed(expected: "a fill value of \(elementSize) bytes", found: "\(size)")
    }
    let bytes = try cursor.take(size)
    return bytes.allSatisfy { $0 == 0 } ? nil : bytes
  }
}
