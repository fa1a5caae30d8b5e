package import FlatFormats
internal import Tensors
package import UnitCheckpoints

/// The parts of the original flat files that a writer of flat files uses again.
extension UnitCheckpoint {
  /// The stored header, if the checkpoint was made from one file of that format; nil if a new one is needed.
  package func verbatimHeader(for kind: FlatFormatKind) throws(CheckpointError) -> [UInt8]? {
    let stored = try sourceRecord()
    guard stored.kind == kind.rawValue, stored.shards.count == 1, let header = stored.shards[0].header else {
      return nil
    }
    return try self.headers()[header]
  }

  /// The files of the sharded safetensors, or the only file of the folder, from which the checkpoint was made; nil if it
  /// was made from another format or from one file.
  ///
  /// Their names come from the checkpoint and are not trusted: the writer of the set refuses paths.
  package func shardSet() throws(CheckpointError) -> ShardSet? {
    let stored = try sourceRecord()
    guard FlatFormatKind(rawValue: stored.kind)?.isSafetensors == true else { return nil }
    let headers = try self.headers()
    var shards: [ShardSet.Shard] = []
    for shard in stored.shards {
      // The record was checked against the headers, so their numbers are in bounds.
      guard let name = shard.name, let header = shard.header else { return nil }
      shards.append(ShardSet.Shard(name: name, tensorCount: shard.tensorCount, header: headers[header]))
    }
    let index = try stored.index.map { (index) throws(CheckpointError) in
      ShardSet.Index(name: index.name, bytes: try shardIndexBytes(index))
    }
    return ShardSet(shards: shards, index: index)
  }

  /// The free text of the files from which the checkpoint was made, for a new file of this kind; empty if there was
  /// none.
  ///
  /// A single file also gets the texts of a set's index. A new index gets the texts of the old index.
  package func flatMetadata(for kind: FlatFormatKind) throws(CheckpointError) -> [(
    key: String, value: String
  )] {
    let stored = try sourceRecord()
    guard FlatFormatKind(rawValue: stored.kind)?.isSafetensors == true else { return [] }
    var found = stored.metadata
    if kind == .safetensors, let index = stored.index {
      let set = ShardSet(shards: [], index: .init(name: index.name, bytes: try shardIndexBytes(index)))
      found += set.indexMetadata
    }
    var keys = Set<TensorName>()
    return found.filter { keys.insert(TensorName($0.key)).inserted }
  }
}

/// The graph from which a checkpoint was made.
extension UnitCheckpoint {
  /// The files of the graph from which the checkpoint was made, without the tensors' elements; nil if there was no
  /// graph.
  package func hollowFiles() throws(CheckpointError) -> [HollowFile]? {
    let stored = try sourceRecord()
    guard stored.kind == FlatFormatKind.onnx.rawValue else { return nil }
    let headers = try self.headers()
    var files: [HollowFile] = []
    for shard in stored.shards {
      guard let header = shard.header, let holes = shard.holes else { return nil }
      let file = HollowFile(name: shard.name, bytes: headers[header], holes: holes)
      guard file.size != nil else {
        throw .broken(
          .source, path: path, place: "/tessera/source", expected: "ascending holes inside the file",
          found: "holes out of order or outside the file")
      }
      files.append(file)
    }
    return files.isEmpty ? nil : files
  }
}
