/// The object header of HDF5 before 1.8, and of every file written with the low bound "earliest".
enum HeaderBlocksV1 {
  /// The messages of a header, and the number of bytes of its blocks.
  ///
  /// The prefix has version, reserved byte, message count, reference count, size of the first block, and padding to 16
  /// bytes. The message count is not checked: libhdf5 itself accepts headers with a wrong count.
  static func messages(_ context: FileContext, at address: Int) throws(HDF5Error) -> ([HeaderMessage], Int) {
    var prefix = try context.cursor(at: address, count: 16, in: "object header")
    let version = try prefix.u8()
    guard version == 1 else {
      throw context.malformed(
        "object header", at: address, expected: "version 1 or the signature 'OHDR'", found: "\(version)")
    }
    try prefix.skip(1 + 2 + 4)
    let size = try prefix.u32()
    var blocks = HeaderBlockQueue(context)
    try blocks.add(address: address + 16, count: size)
    var messages: [HeaderMessage] = []
    while let block = blocks.next() {
      var cursor = try context.cursor(at: block.address, count: block.count, in: "object header")
      while cursor.remaining >= 8 {
        let type = UInt16(truncatingIfNeeded: try cursor.u16())
        let count = try cursor.u16()
        let flags = try cursor.u8()
        try cursor.skip(3)
        let body = try cursor.part(count)
        guard let message = try HeaderMessage(type: type, flags: flags, body: body) else { continue }
        switch message.kind {
        case .null: continue
        case .continuation: try blocks.add(continuation: message)
        default: messages.append(message)
        }
      }
    }
    return (messages, blocks.total)
  }
}
