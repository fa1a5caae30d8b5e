public import ByteFiles
internal import Tensors

/// The files of a folder, grouped into sets of shards.
public struct FolderSets: Sendable {
  /// Indexes of shards, each with the names of its shards.
  public private(set) var indexes: [(name: String, shards: [String])] = []
  /// Numbered files that no index names: the files of one set, and up to three names that are missing from it.
  public private(set) var unindexed: [(names: [String], missing: [String])] = []

  /// The metadata of distributed checkpoints, each with the files of pieces that it names.
  public private(set) var distributed: [(name: String, parts: [String])] = []
  /// Whether there are files of pieces, but no metadata.
  public private(set) var isTorn = false
  /// The safetensors of the ranks of a distributed checkpoint; they have no index.
  public private(set) var ranks: [String] = []
  /// Indexes of TensorFlow's checkpoints, each with the names of its data files.
  public private(set) var bundles: [(name: String, parts: [String])] = []

  /// All files ending in `.safetensors` that no index names, numbered ones included.
  public private(set) var unnamed: [String] = []

  /// Groups `names`, which are the names in the folder at `path`; `open` opens an index by its path.
  public init(
    _ names: [String], in path: String, open: (String) throws(FileError) -> ReadableFile
  ) {
    guard let folder = ShardFolder(path) else { return }
    indexes = names.filter(ShardName.isIndex).map { name in
      (name, (try? open(folder.file(name))).flatMap { ShardIndex(reading: $0) }?.shards ?? [])
    }
    bundles = names.filter { $0.hasSuffix(BundleName.indexSuffix) }.compactMap { name in
      guard let file = try? open(folder.file(name)), FlatFormats.recognise(file) == .tensorflow else {
        return nil
      }
      let stem = BundleName.stem(ofIndex: name)
      return (name, names.filter { BundleName.stem(ofData: $0).map { SystemPath.same($0, stem) } == true })
    }
    // File names are compared by their bytes, as the file system does.
    var indexed = Set(indexes.flatMap(\.shards).map { TensorName($0) })
    distributed = Self.distributed(names, in: folder, open: open)
    isTorn = distributed.isEmpty && names.contains { $0.hasSuffix(DistributedFolder.suffix) }
    if indexes.isEmpty {
      ranks = RankFiles.names(among: names, in: folder) { try? open($0) }
      indexed.formUnion(ranks.map { TensorName($0) })
    }
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

  private static func distributed(
    _ names: [String], in folder: ShardFolder, open: (String) throws(FileError) -> ReadableFile
  ) -> [(name: String, parts: [String])] {
    let pieces = names.filter { $0.hasSuffix(DistributedFolder.suffix) }
    return names.filter(DistributedFolder.isMetadata).compactMap { name in
      guard let file = try? open(folder.file(name)), FlatFormats.recognise(file) == .dcp else { return nil }
      let named = DistributedFolder.fileNames(file)
      return (name, pieces.filter { named?.contains(TensorName($0)) ?? true })
    }
  }
}

extension FlatFormats {
  /// Whether a hidden file of this name is the metadata of a distributed checkpoint.
  public static func isMetadata(_ name: String) -> Bool { name == DistributedFolder.metadataName }

  /// Opens the ranks' files of a distributed checkpoint and reports every defect that is found.
  public static func examine(ranks names: [String], inFolder path: String)
    -> (source: (any FlatWeightsSource)?, errors: [FlatFormatError])
  {
    guard let folder = ShardFolder(path) else { return (nil, []) }
    do throws(FlatFormatError) {
      return try DistributedSource.open(ranks: names, in: folder, isComplete: true)
    } catch { return (nil, [error]) }
  }

  /// Opens a set of numbered shards without an index and reports every defect that is found.
  public static func examine(set names: [String], inFolder path: String)
    -> (source: (any FlatWeightsSource)?, errors: [FlatFormatError])
  {
    guard let folder = ShardFolder(path) else { return (nil, []) }
    return ShardedSource.examine(set: names, in: folder)
  }
}
