package import FlatFormats
internal import Tensors
package import UnitCheckpoints

/// What a writer of flat files takes over from those that a checkpoint was made from.
extension UnitCheckpoint {
  /// The stored header, when the checkpoint was made from one file of that format; nil where a new one is needed.
  package func verbatimHeader(for kind: FlatFormatKind) throws(CheckpointError) -> [UInt8]? {
    guard try sourceRecord().kind == kind.rawValue else { return nil }
    let headers = try self.headers()
    return headers.count == 1 ? headers[0] : nil
  }

  /// The files of the sharded safetensors that the checkpoint was made from; nil where it was made from others.
  ///
  /// Their names are as the checkpoint has them, and not to be believed: the writer of the set refuses paths.
  package func shardSet() throws(CheckpointError) -> ShardSet? {
    let stored = try sourceRecord()
    guard stored.kind == FlatFormatKind.shardedSafetensors.rawValue else { return nil }
    let headers = try self.headers()
    var shards: [ShardSet.Shard] = []
    for shard in stored.shards {
      // The record has been checked against the headers: their numbers are in bounds.
      guard let name = shard.name, let header = shard.header else { return nil }
      shards.append(ShardSet.Shard(name: name, tensorCount: shard.tensorCount, header: headers[header]))
    }
    let index = try stored.index.map { (index) throws(CheckpointError) in
      ShardSet.Index(name: index.name, bytes: try shardIndexBytes(index))
    }
    return ShardSet(shards: shards, index: index)
  }

  /// The free text of the file or files that the checkpoint was made from, for a new file of a kind; empty where there
  /// was none.
  ///
  /// The texts of a set's index go to a single file; a new index has them from the old one.
  package func flatMetadata(for kind: FlatFormatKind) throws(CheckpointError) -> [(
    key: String, value: String
  )] {
    let stored = try sourceRecord()
    guard FlatFormatKind(rawValue: stored.kind)?.isSafetensors == true else { return [] }
    var found = stored.metadata
    if kind == .safetensors, stored.index != nil, let set = try? shardSet() { found += set.indexMetadata }
    var keys = Set<TensorName>()
    return found.filter { keys.insert(TensorName($0.key)).inserted }
  }
}
