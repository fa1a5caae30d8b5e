public import ByteFiles
internal import Tensors

extension FlatFormats {
  /// The format that the suffix of a file name identifies, as `kind` or `hdf5`; nil for suffixes that several formats
  /// use.
  public static func promise(ofName path: String) -> String? {
    let name = path.lowercased()
    return promises.first { name.hasSuffix($0.suffix) }?.kind
  }

  /// The usual suffix of each format, longest first, and other suffixes that only one format uses.
  private static let promises: [(suffix: String, kind: String)] =
    FlatFormats.registry.map { ($0.suffix, $0.kind.rawValue) }.sorted { $0.suffix.count > $1.suffix.count }
    + [(".pth", FlatFormatKind.pytorch.rawValue), (".h5", "hdf5"), (".hdf5", "hdf5")]

  /// A description of a file's first bytes, for messages.
  public static func contentInWords(_ file: ReadableFile) -> String {
    let head = FileHead(of: file)
    if let known = ZipListing.words(file) ?? head.foreignContent { return known }
    if head.bytes.isEmpty { return head.contentInWords }
    guard isText(head.bytes, isCut: head.size > head.bytes.count) else { return head.contentInWords }
    return [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(head.bytes.first) ? "JSON text" : "text"
  }
}

extension FlatFormats {
  /// Whether the bytes are UTF-8 without control characters; if the text is cut off, its last character may be
  /// incomplete.
  private static func isText(_ bytes: [UInt8], isCut: Bool) -> Bool {
    guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }) else { return false }
    return (0...(isCut ? 3 : 0)).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
  }
}

/// The files of a folder, grouped into sets of shards.
public struct FolderSets: Sendable {
  /// Indexes of shards, each with the names of its shards.
  public private(set) var indexes: [(name: String, shards: [String])] = []
  /// Numbered files that no index names: the files of one set, and up to three names that are missing from it.
  public private(set) var unindexed: [(names: [String], missing: [String])] = []

  /// All files ending in `.safetensors` that no index names, numbered ones included.
  public private(set) var unnamed: [String] = []

  /// Groups `names`, which are the names in the folder at `path`.
  public init(_ names: [String], in path: String) {
    guard let folder = ShardFolder(path) else { return }
    indexes = names.filter(ShardName.isIndex).map { ($0, folder.shards(of: $0)) }
    // File names are compared by their bytes, as the file system does.
    let indexed = Set(indexes.flatMap(\.shards).map { TensorName($0) })
    unnamed = names.filter { $0.hasSuffix(ShardName.suffix) && !indexed.contains(TensorName($0)) }
    var sets: [TensorName: (names: [String], missing: [String])] = [:]
    for name in names where !indexed.contains(TensorName(name)) {
      guard let parts = ShardName.parts(of: name) else { continue }
      sets[TensorName("\(parts.count) \(parts.stem)"), default: ([], [])].names.append(name)
    }
    for key in sets.keys {
      guard var set = sets[key], let parts = set.names.first.flatMap(ShardName.parts) else { continue }
      // The count is only a number in a name and may be huge, so at most three missing names are listed.
      let known = Set(set.names.map { TensorName($0) })
      var number = 1
      while number <= parts.count, set.missing.count < 3 {
        let name = ShardName.numbered(parts.stem, number, of: parts.count)
        if !known.contains(TensorName(name)) { set.missing.append(name) }
        number += 1
      }
      unindexed.append(set)
    }
    unindexed.sort { ($0.names.first ?? "") < ($1.names.first ?? "") }
  }
}

extension FlatFormats {
  /// Opens a set of numbered shards without an index and reports every defect that is found.
  public static func examine(set names: [String], inFolder path: String)
    -> (source: (any FlatWeightsSource)?, errors: [FlatFormatError])
  {
    guard let folder = ShardFolder(path) else { return (nil, []) }
    return ShardedSource.examine(set: names, in: folder)
  }
}
