/// One message of an object header: a property of the object, still encoded.
struct HeaderMessage: Sendable {
  /// The message types that are read or known to be harmless.
  enum Kind: UInt16 {
    case null = 0x00
    case dataspace = 0x01
    case linkInfo = 0x02
    case datatype = 0x03
    case oldFillValue = 0x04
    case fillValue = 0x05
    case link = 0x06
    case externalFiles = 0x07
    case layout = 0x08
    case bogus = 0x09
    case groupInfo = 0x0A
    case filterPipeline = 0x0B
    case attribute = 0x0C
    case comment = 0x0D
    case oldModificationTime = 0x0E
    case sharedMessageTable = 0x0F
    case continuation = 0x10
    case symbolTable = 0x11
    case modificationTime = 0x12
    case treeK = 0x13
    case driverInfo = 0x14
    case attributeInfo = 0x15
    case referenceCount = 0x16
    case fileSpaceInfo = 0x17

    /// The name in messages.
    var title: String { Self.titles[Int(rawValue)] }

    private static let titles = [
      "null message", "dataspace message", "link info message", "datatype message", "old fill value message",
      "fill value message", "link message", "external file list message", "layout message", "bogus message",
      "group info message", "filter pipeline message", "attribute message", "comment message",
      "old modification time message", "shared message table message", "continuation message",
      "symbol table message", "modification time message", "B-tree K values message", "driver info message",
      "attribute info message", "reference count message", "file space info message",
    ]
  }

  let kind: Kind
  let flags: UInt8
  let body: ByteCursor

  /// Whether the body is elsewhere: in a committed datatype or in the shared message table.
  var isShared: Bool { flags & 0x02 != 0 }

  /// The message; nil for an unknown type that may be ignored. Bit 7 of the flags forbids ignoring it.
  init?(type: UInt16, flags: UInt8, body: ByteCursor) throws(HDF5Error) {
    guard let kind = Kind(rawValue: type) else {
      guard flags & 0x80 == 0 else {
        throw body.unsupported("message type \(type), which a reader must understand")
      }
      return nil
    }
    self.kind = kind
    self.flags = flags
    self.body = body.renamed(kind.title)
  }

  /// The datatype message inside an attribute; it has no message header.
  init(datatype body: ByteCursor, shared: Bool) {
    kind = .datatype
    flags = shared ? 2 : 0
    self.body = body
  }

  /// The file offset of the object header that holds a shared message (a committed datatype).
  func sharedAddress() throws(HDF5Error) -> Int {
    var cursor = body
    let version = try cursor.version(1...3)
    let type = try cursor.u8()
    if version == 1 { try cursor.skip(6 + cursor.context.lengthWidth) }
    if version == 3, type == 1 { throw cursor.unsupported("a message in the file's shared message table") }
    return try cursor.definedAddress(of: "a shared message")
  }
}
