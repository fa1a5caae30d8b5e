/// The object header since HDF5 1.8: with a signature and checksums, without padding.
enum HeaderBlocksV2 {
  static func messages(_ context: FileContext, at address: Int) throws(HDF5Error) -> ([HeaderMessage], Int) {
    let (flags, prefixSize, whole) = try prefix(context, at: address)
    var blocks = HeaderBlockQueue(context)
    try blocks.add(address: address, count: whole)
    var messages: [HeaderMessage] = []
    while let block = blocks.next() {
      var cursor = try context.cursor(at: block.address, count: block.count, in: "object header")
      if block.address == address {
        try cursor.skip(prefixSize)
      } else {
        try cursor.signature("OCHK")
      }
      guard cursor.remaining >= 4 else {
        throw cursor.malformed(expected: "a checksum", found: "\(cursor.remaining) bytes")
      }
      // The checksum covers the whole block, so it is checked before any message is used.
      var content = try cursor.part(cursor.remaining - 4)
      try cursor.checksum()
      let messageHeader = flags & 0x04 != 0 ? 6 : 4
      // A rest shorter than a message header is a gap.
      while content.remaining >= messageHeader {
        let type = UInt16(try content.u8())
        let count = try content.u16()
        let messageFlags = try content.u8()
        try content.skip(messageHeader - 4)
        let body = try content.part(count)
        guard let message = try HeaderMessage(type: type, flags: messageFlags, body: body) else { continue }
        switch message.kind {
        case .null: continue
        case .continuation: try blocks.add(continuation: message)
        default: messages.append(message)
        }
      }
    }
    return (messages, blocks.total)
  }

  /// Bytes of a header's first block, including its checksum.
  static func firstBlockSize(_ context: FileContext, at address: Int) throws(HDF5Error) -> Int {
    try prefix(context, at: address).whole
  }

  /// The flags of a header, the number of bytes before its first message, and the number of bytes in its first block.
  private static func prefix(
    _ context: FileContext, at address: Int
  ) throws(HDF5Error) -> (flags: UInt8, size: Int, whole: Int) {
    // The longest prefix has a signature, a version, flags, four times, two attribute limits, and the size of the first
    // block.
    let room = min(4 + 2 + 16 + 4 + 8, context.source.size - address)
    var prefix = try context.cursor(at: address, count: room, in: "object header")
    try prefix.signature("OHDR")
    _ = try prefix.version(2...2)
    let flags = try prefix.u8()
    if flags & 0x20 != 0 { try prefix.skip(16) }
    if flags & 0x10 != 0 { try prefix.skip(4) }
    let size = try prefix.int(1 << Int(flags & 3))
    let prefixSize = prefix.offset - address
    let (whole, overflow) = size.addingReportingOverflow(prefixSize + 4)
    guard !overflow else {
      throw prefix.malformed(expected: "a block within the file", found: "\(size) bytes")
    }
    return (flags, prefixSize, whole)
  }
}
