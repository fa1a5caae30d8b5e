internal import ByteFiles
internal import Zip

/// Recognises PyTorch files by their first bytes.
enum TorchRecognition {
  static func matches(_ head: FileHead) -> Bool {
    if head.starts(with: "PK\u{3}\u{4}") { return isArchive(head) }
    if isTar(head) { return true }
    if head.starts(with: TorchLegacy.textMagic) { return true }
    // Pickles of protocol 2 and later begin with a mark and the protocol's number.
    if head.bytes.count > 2, head.bytes[0] == 0x80, (2...5).contains(head.bytes[1]) { return true }
    // Older pickles begin like any text, so the name decides.
    return [".pkl", ".pickle"].contains(where: head.hasSuffix) && !head.bytes.isEmpty
      && head.foreignContent == nil && !head.starts(with: "PK")
  }

  /// Whether the name of a zip archive is that of a PyTorch file, or its first member is one that PyTorch writes.
  private static func isArchive(_ head: FileHead) -> Bool {
    if [".pt", ".pth", ".ckpt"].contains(where: head.hasSuffix) { return true }
    let fields = ByteFields(head.bytes)
    let name = fields.slice(ZipRecord.localSize, Int(fields.u16(26) ?? 0)) ?? []
    let parts = name.split(separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return false }
    let member = String(decoding: parts[1], as: UTF8.self)
    return Self.members.contains(member) || member.hasPrefix("data/")
      || (member.isEmpty && head.hasSuffix(".bin"))
  }

  private static let members: Set<String> = [
    "data.pkl", "version", "byteorder", ".format_version", ".storage_alignment", "constants.pkl",
    ".data/serialization_id",
  ]

  /// The form before 2017: a tar archive of four members.
  static func isTar(_ head: FileHead) -> Bool {
    guard head.bytes.count >= 262, head.bytes[257..<262].elementsEqual("ustar".utf8) else { return false }
    let name = String(decoding: head.bytes.prefix { $0 != 0 }, as: UTF8.self)
    let member = name.hasPrefix("./") ? String(name.dropFirst(2)) : name
    return ["sys_info", "pickle", "storages", "tensors", ""].contains(member)
      || [".pt", ".pth", ".ckpt", ".bin"].contains(where: head.hasSuffix)
  }
}
