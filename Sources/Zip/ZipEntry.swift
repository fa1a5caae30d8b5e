/// One member of a zip archive, from the central directory and its local header.
package struct ZipEntry: Sendable {
  /// The name as text; with replacement characters if its encoding is unknown.
  package let name: String
  /// The name's bytes.
  package let nameBytes: [UInt8]
  /// The method of packing; nil for one that is not read here.
  package let method: ZipMethod?
  /// CRC-32 of the unpacked bytes.
  package let crc: UInt32
  /// The number of packed bytes in the file.
  package let compressedSize: Int
  /// The number of unpacked bytes.
  package let size: Int
  /// The position of the local header in the file.
  package let headerStart: Int
  /// The position of the data in the file.
  package let dataStart: Int
  /// The reason why the member must not be read, although the archive is sound; nil if it can be read.
  package let refusal: ZipError?
  /// Whether the only reason is that the two headers give different sizes.
  var disagreesInSize = false
}

/// The two methods of packing that files of weights use.
package enum ZipMethod: UInt16, Sendable {
  case stored = 0
  case deflated = 8
}

/// The signatures and fixed sizes of APPNOTE 6.3.
package enum ZipRecord {
  static let localSignature: UInt32 = 0x0403_4B50
  package static let localSize = 30
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
  /// The third byte of the signatures of a central entry, a local header, an end record and a descriptor. The fourth
  /// byte is one more.
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
