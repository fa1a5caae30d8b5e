internal import ByteFiles
internal import Tensors

/// The destination of a set of shards: a folder, and the name of its index.
struct ShardDestination {
  let folder: ShardFolder
  let index: String
  /// The beginning of new shards' names.
  let stem: String

  /// The folder and the index that a destination's path gives.
  ///
  /// A path that ends in `.safetensors.index.json` is the index. Any other path is a folder: the index in it has the
  /// name that `set` gives, or the name `model.safetensors.index.json`.
  init(_ path: String, repeating set: ShardSet?) throws(FlatFormatError) {
    if ShardName.isIndex(path), ShardFolder(path) == nil {
      folder = ShardFolder(ofFile: path)
      index = SystemPath.bareName(of: path)
      stem = ShardName.stem(ofIndex: index)
      if let fault = ShardName.indexFault(in: index)
        ?? ShardName.fault(in: ShardName.numbered(stem, 1, of: 1))
      {
        throw .refused(
          .shardsName, path: path, place: "destination",
          expected: "the name of an index that shards can follow",
          found: fault)
      }
      return
    }
    folder = ShardFolder(writing: path)
    if let name = set?.index?.name {
      if let fault = ShardName.indexFault(in: name) {
        throw .refused(
          .shardsVerbatim, path: path, place: "stored index \(TensorName(name).quoted)",
          expected: "the bare name of a .json file", found: fault)
      }
      index = name
      stem = ShardName.stem(ofIndex: name)
    } else {
      stem = set?.shards.first.flatMap { ShardName.parts(of: $0.name) }?.stem ?? "model"
      index = stem + ShardName.indexSuffix
    }
  }

  /// The old shards that are removed after writing. They belong to the replaced set and not to the new one. The index
  /// of the same name lists them and no other index does, and they hold exactly the tensors that this index gives them.
  func stale(beside names: [String]) throws(FlatFormatError) -> [String] {
    let kept = Set(names.map { TensorName($0) })
    let others = try folder.shardsOfOthers(than: index)
    guard let old = folder.index(index) else { return [] }
    var tensors = [Set<TensorName>](repeating: [], count: old.shards.count)
    for weight in old.weights { tensors[weight.shard].insert(weight.name) }
    return zip(old.shards, tensors).filter { shard, names in
      !kept.contains(TensorName(shard)) && others[shard] == nil && folder.holds(names, shard: shard)
    }.map(\.0)
  }

  /// Throws if a file with one of these names exists.
  func requireFree(_ names: [String]) throws(FlatFormatError) {
    for name in names + [index] where FileIdentity(path: folder.file(name)) != nil {
      throw .refused(
        .shardsInTheWay, path: folder.file(name), place: "file", expected: "none of that name (-n)",
        found: "one")
    }
  }

  /// Throws if the folder has an index: readers would use it, and not a single file beside it.
  func requireNoIndex() throws(FlatFormatError) {
    guard ShardFolder(folder.path) != nil else { return }
    for name in try folder.names() where ShardName.isIndex(name) {
      throw .refused(
        .shardsInTheWay, path: folder.file(name), place: "file",
        expected: "a folder without an index, for a single file of weights", found: "an index")
    }
  }

  /// Throws if a single file of weights would stay beside a set: loaders take the single file.
  func requireNoSingleFile(_ names: [String]) throws(FlatFormatError) {
    let name = stem + ShardName.suffix
    guard !names.contains(name), FileIdentity(path: folder.file(name)) != nil else { return }
    throw .refused(
      .shardsInTheWay, path: folder.file(name), place: "file",
      expected: "a folder without a single file of weights, for a set of shards",
      found: "one, which loaders would take")
  }

  /// Throws if a file that would be replaced belongs to another set.
  func requireOwn(_ names: [String]) throws(FlatFormatError) {
    guard ShardFolder(folder.path) != nil else { return }
    let others = try folder.shardsOfOthers(than: index)
    for name in names {
      guard let owner = others[name] else { continue }
      throw .refused(
        .shardsOverSource, path: folder.file(name), place: "file",
        expected: "a destination that replaces no file of another set",
        found: "a shard that \(TensorName(owner).quoted) names")
    }
  }
}
