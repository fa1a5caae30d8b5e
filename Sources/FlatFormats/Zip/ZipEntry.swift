/// One member of a zip archive, as the central directory and its local header agree on it.
struct ZipEntry: Sendable {
  /// The name as text; where its encoding is not known, with replacement characters.
  let name: String
  /// The name's bytes.
  let nameBytes: [UInt8]
  /// How the data are stored; nil for a method that is not read here.
  let method: ZipMethod?
  /// CRC-32 of the unpacked bytes.
  let crc: UInt32
  /// Bytes in the file.
  let compressedSize: Int
  /// Bytes unpacked.
  let size: Int
  /// Where the local header begins in the file.
  let headerStart: Int
  /// Where the data begin in the file.
  let dataStart: Int
  /// Why the member must not be read, for an archive that is otherwise in order.
  let refusal: FlatFormatError?
  /// Whether the refusal is only that the two headers give different sizes.
  var disagreesInSize = false
}

/// The two methods of packing that weights are found in.
enum ZipMethod: UInt16, Sendable {
  case stored = 0
  case deflated = 8
}

/// The signatures and fixed sizes of APPNOTE 6.3.
enum ZipRecord {
  static let localSignature: UInt32 = 0x0403_4B50
  static let localSize = 30
  static let centralSignature: UInt32 = 0x0201_4B50
  static let centralSize = 46
  static let endSignature: UInt32 = 0x0605_4B50
  static let endSize = 22
  static let end64Signature: UInt32 = 0x0606_4B50
  static let end64Size = 56
  static let locatorSignature: UInt32 = 0x0706_4B50
  static let locatorSize = 20
  static let descriptorSignature: UInt32 = 0x0807_4B50
  /// The first two bytes of every signature, "PK".
  static let mark: UInt16 = 0x4B50
  /// The third byte of the signatures of a central entry, a local header, the end and a descriptor; the fourth is one
  /// more.
  static let ends: Set<UInt8> = [1, 3, 5, 7]
  static let zip64ExtraID: UInt16 = 0x0001
  static let unicodePathExtraID: UInt16 = 0x7075

  static let encryptedFlag: UInt16 = 1 << 0
  static let descriptorFlag: UInt16 = 1 << 3
  static let patchFlag: UInt16 = 1 << 5
  static let strongFlag: UInt16 = 1 << 6
  static let utf8Flag: UInt16 = 1 << 11
  static let maskedFlag: UInt16 = 1 << 13
  static let secretFlags = encryptedFlag | patchFlag | strongFlag | maskedFlag
}
