/// A link of a group: a name and its target.
package struct HDF5Link: Hashable, Sendable {
  package enum Target: Hashable, Sendable {
    /// The file offset of the object's header.
    case hard(Int)
    /// A path, which is not followed.
    case soft(HDF5Name)
    /// Another file, which is not opened.
    case external
    /// A user-defined link, by the number of its class.
    case userDefined(Int)
  }

  package let name: HDF5Name
  package let target: Target

  /// The description, in messages, of a link that is not followed; nil for a hard link.
  package var refusedFeature: String? {
    switch target {
    case .hard: nil
    case .soft(let path): "\(ForeignData.softLink.rawValue) to \(path.quoted)"
    case .external: ForeignData.externalLink.rawValue
    case .userDefined(let type): "\(ForeignData.userDefinedLink.rawValue) of type \(type)"
    }
  }
}

extension HDF5Link {
  /// Reads a link message of a group (since HDF5 1.8).
  init(_ message: ByteCursor) throws(HDF5Error) {
    var cursor = message
    _ = try cursor.version(1...1)
    let flags = try cursor.u8()
    let type = flags & 0x08 != 0 ? Int(try cursor.u8()) : 0
    if flags & 0x04 != 0 { try cursor.skip(8) }
    if flags & 0x10 != 0 { try cursor.skip(1) }
    let count = try cursor.int(1 << Int(flags & 3))
    guard count > 0, count <= cursor.context.limits.nameBytes else {
      throw cursor.malformed(
        expected: "a name of 1 to \(cursor.context.limits.nameBytes) bytes", found: "\(count)")
    }
    name = HDF5Name(bytes: try cursor.take(count))
    switch type {
    case 0: target = .hard(try cursor.definedAddress(of: "a link's object"))
    case 1: target = .soft(HDF5Name(bytes: try cursor.take(cursor.u16())))
    case 64: target = .external
    case 65...255: target = .userDefined(type)
    default: throw cursor.malformed(expected: "link type 0, 1 or 64 on", found: "\(type)")
    }
  }
}
