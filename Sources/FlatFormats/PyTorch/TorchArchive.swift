internal import ByteFiles
internal import Pickle
internal import Tensors
internal import Zip

/// The zip form of a PyTorch file: one top folder with the pickle and one member for each storage.
struct TorchArchive {
  let archive: ZipArchive
  /// The folder that all members are in.
  let top: String
  private let members: [[UInt8]: Int]

  /// The most bytes of a packed pickle, which is unpacked in memory.
  private static let pickleLimit = 64 << 20
  /// The versions that PyTorch reads.
  private static let versions = 1...10

  init(_ file: ReadableFile) throws(FlatFormatError) {
    let archive = try asFlatFormat { () throws(ZipError) in try ZipArchive(file) }
    var members: [[UInt8]: Int] = [:]
    for (number, entry) in archive.entries.enumerated() { members[entry.nameBytes] = number }
    self.archive = archive
    self.members = members
    top = try Self.top(of: archive)
    // PyTorch itself reads members whose two headers differ, or that are marked as encrypted; here they are refused.
    if let refusal = archive.entries.lazy.compactMap(\.refusal).first {
      throw FlatFormatError(refusal)
    }
    try requireVersion()
  }

  /// Whether numbers are big-endian; files before version 2.1 have no such entry and are little-endian.
  func isBigEndian() throws(FlatFormatError) -> Bool {
    switch try text(of: "byteorder") {
    case nil, "little": return false
    case "big": return true
    case let other?:
      throw refusal(.torchByteOrder, "byteorder", "'little' or 'big'", TensorName(other).quoted)
    }
  }

  private static func top(of archive: ZipArchive) throws(FlatFormatError) -> String {
    func refusal(_ expected: String, _ found: String) -> FlatFormatError {
      .refused(
        .torchMembers, path: archive.file.path, place: "archive", expected: expected, found: found)
    }
    let suffix = "/data.pkl"
    let tops = archive.entries.compactMap { entry in
      entry.name.hasSuffix(suffix) ? String(entry.name.dropLast(suffix.count)) : nil
    }.filter { !$0.contains("/") }
    guard tops.count == 1, let top = tops.first, !top.isEmpty else {
      throw refusal("one folder with the pickle of a PyTorch file, data.pkl", "\(tops.count) of them")
    }
    let prefix = Array("\(top)/".utf8)
    if let stranger = archive.entries.first(where: { !$0.nameBytes.starts(with: prefix) }) {
      throw refusal("everything in the folder \(TensorName(top).quoted)", TensorName(stranger.name).quoted)
    }
    return top
  }

  private func requireVersion() throws(FlatFormatError) {
    guard let text = try text(of: "version") else {
      throw refusal(.torchVersion, "version", "the version of the format", "no such member")
    }
    guard let version = Int(text.trimmedLine), Self.versions.contains(version) else {
      throw refusal(.torchVersion, "version", "a version from 1 to 10", TensorName(text).quoted)
    }
  }

  /// The member of this name in the top folder.
  func entry(_ name: String) -> ZipEntry? {
    members[Array("\(top)/\(name)".utf8)].map { archive.entries[$0] }
  }

  /// A small member as text; nil if there is none.
  private func text(of name: String) throws(FlatFormatError) -> String? {
    guard let entry = entry(name) else { return nil }
    guard entry.size <= 64 else {
      throw refusal(.torchMembers, name, "at most 64 bytes", "\(entry.size.grouped)")
    }
    let bytes = try asFlatFormat { () throws(ZipError) in try archive.stream(of: entry).bytes(entry.size) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The pickle of this name with its CRC-32 checked, its place, and the number of bytes after it; nil if there is
  /// none.
  func tree(of name: String) throws(FlatFormatError) -> (tree: PickleTree, home: PickleHome, rest: Int)? {
    guard let entry = entry(name) else { return nil }
    let place = "member " + TensorName(entry.name).quoted
    if entry.method == .stored {
      try asFlatFormat { () throws(ZipError) in try archive.stream(of: entry).skip(entry.size) }
      let tree = try TorchPickle(archive.file, start: entry.dataStart, size: entry.size, place: place).tree()
      return (tree, .file(FilePayload(file: archive.file, start: entry.dataStart)), entry.size - tree.end)
    }
    guard entry.size <= Self.pickleLimit else {
      throw refusal(
        .pickleLimit, name, "at most \(Self.pickleLimit.grouped) bytes of a packed pickle",
        "\(entry.size.grouped)")
    }
    let bytes = try asFlatFormat { () throws(ZipError) in try archive.stream(of: entry).bytes(entry.size) }
    do throws(PickleError) {
      let tree = try PickleMachine.read(PickleBytes(bytes))
      return (tree, .memory(MemoryPayload(bytes, path: archive.file.path)), entry.size - tree.end)
    } catch { throw .pickle(error, path: archive.file.path, place: place) }
  }

  /// Members that are named like storages, but are not in `keys`.
  func strangers(in folder: String, keys: Set<String>) -> [ZipEntry] {
    let prefix = "\(top)/\(folder)/"
    return archive.entries.filter { entry in
      entry.name.hasPrefix(prefix) && entry.name.utf8.count > prefix.utf8.count
        && !keys.contains(String(entry.name.dropFirst(prefix.count)))
    }
  }

  func refusal(_ rule: FlatFormatRule, _ member: String, _ expected: String, _ found: String)
    -> FlatFormatError
  {
    .refused(
      rule, path: archive.file.path, place: "member " + TensorName("\(top)/\(member)").quoted,
      expected: expected, found: found)
  }
}

extension String {
  fileprivate var trimmedLine: Substring { hasSuffix("\n") ? dropLast() : self[...] }
}
