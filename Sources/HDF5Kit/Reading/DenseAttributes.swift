/// The attributes of an object with many of them, since HDF5 1.8: messages in a fractal heap.
enum DenseAttributes {
  /// All attributes that an attribute info message refers to; none when they are in the object header.
  static func read(_ message: HeaderMessage) throws(HDF5Error) -> [HDF5Attribute] {
    var cursor = message.body
    guard !message.isShared else { throw cursor.unsupported("a shared attribute info message") }
    _ = try cursor.version(0...0)
    if try cursor.u8() & 1 != 0 { try cursor.skip(2) }
    guard let address = try cursor.address() else { return [] }
    let heap = try FractalHeap(cursor.context, at: address)
    let names = try BTreeV2(cursor.context, at: cursor.definedAddress(of: "an index of names"), type: 8)
    var attributes: [HDF5Attribute] = []
    try names.forEach { record throws(HDF5Error) in
      var record = record
      let id = try record.take(heap.idLength)
      guard try record.u8() & 2 == 0 else { throw record.unsupported("a shared attribute message") }
      attributes.append(try HDF5Attribute(heap.object(id)))
    }
    return attributes
  }
}
