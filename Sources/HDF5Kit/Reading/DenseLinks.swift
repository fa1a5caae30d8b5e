/// The links of a large group since HDF5 1.8: messages in a fractal heap, indexed by the hash of their names.
struct DenseLinks: Sendable {
  private let heap: FractalHeap
  private let names: BTreeV2

  /// Returns nil if the link info message has no heap: the links are then in the object header.
  init?(_ message: HeaderMessage) throws(HDF5Error) {
    var cursor = message.body
    guard !message.isShared else { throw cursor.unsupported("a shared link info message") }
    _ = try cursor.version(0...0)
    if try cursor.u8() & 1 != 0 { try cursor.skip(8) }
    guard let address = try cursor.address() else { return nil }
    heap = try FractalHeap(cursor.context, at: address)
    names = try BTreeV2(cursor.context, at: cursor.definedAddress(of: "an index of names"), type: 5)
  }

  func link(_ name: HDF5Name) throws(HDF5Error) -> HDF5Link? {
    let hash = name.bytes.withUnsafeBufferPointer { lookup3($0) }
    var found: HDF5Link?
    try names.forEach { record throws(HDF5Error) in
      var record = record
      let stored = try record.unsigned(4)
      return stored < hash ? -1 : stored == hash ? 0 : 1
    } _: { record throws(HDF5Error) in
      let link = try read(record)
      guard link.name == name else { return }
      guard found == nil else {
        throw record.malformed(expected: "every name once", found: "\(name.quoted) twice")
      }
      found = link
    }
    return found
  }

  func forEach(_ body: (HDF5Link) throws(HDF5Error) -> Void) throws(HDF5Error) {
    var last: UInt32 = 0
    try names.forEach { record throws(HDF5Error) in
      let link = try read(record)
      // A lookup relies on this order: with other orders, names would be listed but not found.
      let hash = link.name.bytes.withUnsafeBufferPointer { lookup3($0) }
      var stored = record
      guard try stored.unsigned(4) == hash, hash >= last else {
        throw record.malformed(
          expected: "names in the order of their hashes", found: "\(link.name.quoted) out of order")
      }
      last = hash
      try body(link)
    }
  }

  /// Reads a record: the hash, and the identifier of the link message in the heap.
  private func read(_ record: ByteCursor) throws(HDF5Error) -> HDF5Link {
    var record = record
    try record.skip(4)
    return try HDF5Link(heap.object(record.take(heap.idLength)))
  }
}
