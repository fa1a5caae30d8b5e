internal import ByteFiles
internal import Tensors

/// Where a set of shards goes: a folder, and the name of the index in it.
struct ShardDestination {
  let folder: ShardFolder
  let index: String
  /// What the names of new shards begin with.
  let stem: String

  /// The folder and the index that a destination's path names.
  ///
  /// A path that ends in `.safetensors.index.json` is the index; every other is a folder, in which the index has the
  /// name that it had, or `model.safetensors.index.json`.
  init(_ path: String, repeating set: ShardSet?) throws(FlatFormatError) {
    if path.lowercased().hasSuffix(ShardName.indexSuffix), ShardFolder(path) == nil {
      folder = ShardFolder(ofFile: path)
      index = String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...])
      stem = ShardName.stem(ofIndex: index)
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

  /// Numbered shards of an earlier set of this name that the new one leaves over.
  func stale(beside names: [String]) throws(FlatFormatError) -> [String] {
    let new = Set(names.map { TensorName($0) })
    return try folder.names().filter { name in
      guard let parts = ShardName.parts(of: name) else { return false }
      return TensorName(parts.stem) == TensorName(stem) && !new.contains(TensorName(name))
    }
  }
}
