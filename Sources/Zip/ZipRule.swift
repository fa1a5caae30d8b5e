/// The rules by which a zip archive is refused; the raw values are stable and serve as rule ids.
public enum ZipRule: String, CaseIterable, Sendable {
  /// The file has no end of central directory record: it is not a zip archive, or it is truncated.
  case end = "zip.end"
  /// Bytes follow the archive's end, or the comment has another length than its record gives.
  case comment = "zip.comment"
  /// An archive in several parts.
  case disks = "zip.disks"
  /// The zip64 records at the end are missing or damaged, or differ from the plain record.
  case end64 = "zip.end64"
  /// The central directory does not end where the end record begins, or is too large.
  case directoryBounds = "zip.directory-bounds"
  /// An entry of the central directory without its signature.
  case directorySignature = "zip.directory-signature"
  /// The central directory ends inside an entry, or continues after the last one.
  case directorySize = "zip.directory-size"
  /// An extra field that reaches past its buffer, or a second one of the same kind.
  case extra = "zip.extra"
  /// The zip64 extra field lacks a value that the entry refers to.
  case extra64 = "zip.extra64"
  /// A member without its local header.
  case localSignature = "zip.local-signature"
  /// The local header and the central directory differ.
  case local = "zip.local"
  /// The data of a member reach past the part of the file that holds members.
  case dataBounds = "zip.data-bounds"
  /// Two members share bytes.
  case overlap = "zip.overlap"
  /// Two members have the same name.
  case duplicateName = "zip.duplicate-name"
  /// The name of a member is absolute, leads out of the archive, or has a character that names must not have.
  case name = "zip.name"
  /// The name of a member has an unknown encoding, or an extra field has a second name for it.
  case nameEncoding = "zip.name-encoding"
  /// An encrypted or patched member.
  case encrypted = "zip.encrypted"
  /// A compression method other than stored and deflated.
  case method = "zip.method"
  /// A stored member whose two sizes differ.
  case storedSize = "zip.stored-size"
  /// A member or an archive claims to unpack to more bytes than deflate can produce, or than are safe to unpack.
  case ratio = "zip.ratio"
  /// Compressed data are damaged, are truncated, or continue after their end.
  case deflate = "zip.deflate"
  /// A member unpacks to fewer bytes than its header gives.
  case short = "zip.short"
  /// A member unpacks to more bytes than its header gives.
  case long = "zip.long"
  /// The bytes of a member do not match their CRC-32.
  case crc = "zip.crc"
  /// A read asks for more bytes than the member has left.
  case readPastEnd = "zip.read-past-end"
}
