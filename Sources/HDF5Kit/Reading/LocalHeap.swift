/// The storage of the link names of an old-style group: one segment of NUL-terminated texts.
struct LocalHeap: Sendable {
  private let context: FileContext
  private let segment: Int
  private let size: Int

  init(_ context: FileContext, at address: Int) throws(HDF5Error) {
    let room = 8 + 2 * context.lengthWidth + context.addressWidth
    var cursor = try context.cursor(at: address, count: room, in: "local heap")
    try cursor.signature("HEAP")
    _ = try cursor.version(0...0)
    try cursor.skip(3)
    size = try cursor.length()
    try cursor.skip(context.lengthWidth)
    segment = try cursor.definedAddress(of: "the heap's data")
    try context.check(offset: segment, count: size, in: "local heap data")
    self.context = context
  }

  /// The text at `offset` of the segment, without its NUL. Most texts are short, so 64 bytes are read first, then more.
  func name(at offset: Int) throws(HDF5Error) -> [UInt8] {
    var room = 64
    while true {
      guard offset < size else {
        throw context.malformed(
          "local heap data", at: segment, expected: "a name within its \(size.grouped) bytes",
          found: "one at \(offset)")
      }
      let count = min(room, size - offset)
      var cursor = try context.cursor(at: segment + offset, count: count, in: "local heap data")
      let bytes = try cursor.take(count)
      if let stop = bytes.firstIndex(of: 0) { return Array(bytes[..<stop]) }
      guard count == room, room <= context.limits.nameBytes else {
        if count < room {
          throw context.malformed(
            "local heap data", at: segment + offset, expected: "a name that ends in NUL",
            found: "the heap's end")
        }
        throw context.limit(
          "\(context.limits.nameBytes.grouped) bytes of one name", found: "more", in: "local heap data",
          at: segment + offset)
      }
      room = min(room * 8, context.limits.nameBytes + 1)
    }
  }
}
