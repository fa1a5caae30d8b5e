/// The links of a large group since HDF5 1.8: messages in a fractal heap, indexed by the hash of their names.
struct DenseLinks: Sendable {
  /// Nil when the link info message says that the links stand in the object header.
  init?(_ message: HeaderMessage) throws(HDF5Error) {
    var cursor = message.body
    _ = try cursor.version(0...0)
    let flags = try cursor.u8()
    if flags & 1 != 0 { try cursor.skip(8) }
    guard try cursor.address() != nil else { return nil }
    throw cursor.unsupported("a dense group")
  }

  func link(_ name: HDF5Name) throws(HDF5Error) -> HDF5Link? { nil }
  func forEach(_ body: (HDF5Link) throws(HDF5Error) -> Void) throws(HDF5Error) {}
}
