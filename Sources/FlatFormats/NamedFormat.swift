public import ByteFiles

extension FlatFormats {
  /// The format that a file's name promises, as `kind` says it or `hdf5`; nil for names that stand for several.
  public static func promise(ofName path: String) -> String? {
    let name = path.lowercased()
    return promises.first { name.hasSuffix($0.suffix) }?.kind
  }

  /// The usual name of each format, the longest first, and those that mean one format and no other.
  private static let promises: [(suffix: String, kind: String)] =
    FlatFormats.registry.map { ($0.suffix, $0.kind.rawValue) }.sorted { $0.suffix.count > $1.suffix.count }
    + [(".pth", FlatFormatKind.pytorch.rawValue), (".h5", "hdf5"), (".hdf5", "hdf5")]

  /// What a file begins with, for a message.
  public static func contentInWords(_ file: ReadableFile) -> String {
    let head = FileHead(of: file)
    if let known = ZipListing.words(file) ?? head.foreignContent { return known }
    if head.bytes.isEmpty { return head.contentInWords }
    guard isText(head.bytes, isCut: head.size > head.bytes.count) else { return head.contentInWords }
    return [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(head.bytes.first) ? "JSON text" : "text"
  }
}

extension FlatFormats {
  /// Whether the bytes are UTF-8 without control characters; of text that was cut the last character may be half.
  private static func isText(_ bytes: [UInt8], isCut: Bool) -> Bool {
    guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }) else { return false }
    return (0...(isCut ? 3 : 0)).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
  }
}

/// What of a folder belongs together.
public struct FolderSets: Sendable {
  /// Indexes of shards, each with the names of its shards.
  public private(set) var indexes: [(name: String, shards: [String])] = []
  /// Numbered files that no index names: those of one set, and the names that are missing from it.
  public private(set) var unindexed: [(names: [String], missing: [String])] = []

  /// Files of weights that no index names.
  public private(set) var unnamed: [String] = []

  /// The sets among `names`, which are those of the folder at `path`.
  public init(_ names: [String], in path: String) {
    guard let folder = ShardFolder(path) else { return }
    indexes = names.filter(ShardName.isIndex).map { ($0, folder.shards(of: $0)) }
    let indexed = Set(indexes.flatMap(\.shards))
    unnamed = names.filter { $0.hasSuffix(ShardName.suffix) && !indexed.contains($0) }
    var sets: [String: (names: [String], missing: [String])] = [:]
    for name in names where !indexed.contains(name) {
      guard let parts = ShardName.parts(of: name) else { continue }
      sets["\(parts.count) \(parts.stem)", default: ([], [])].names.append(name)
    }
    for key in sets.keys {
      guard var set = sets[key], let parts = set.names.first.flatMap(ShardName.parts) else { continue }
      // The count is only a number in a name, so that few of the missing ones are named.
      let known = Set(set.names)
      var number = 1
      while number <= parts.count, set.missing.count < 3 {
        let name = ShardName.numbered(parts.stem, number, of: parts.count)
        if !known.contains(name) { set.missing.append(name) }
        number += 1
      }
      unindexed.append(set)
    }
    unindexed.sort { ($0.names.first ?? "") < ($1.names.first ?? "") }
  }
}

extension FlatFormats {
  /// Opens a set of numbered shards without an index, and tells everything that is wrong with it.
  public static func examine(set names: [String], inFolder path: String)
    -> (source: (any FlatWeightsSource)?, errors: [FlatFormatError])
  {
    guard let folder = ShardFolder(path) else { return (nil, []) }
    return ShardedSource.examine(set: names, in: folder)
  }
}
