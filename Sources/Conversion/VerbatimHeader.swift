package import FlatFormats
internal import StrictJSON
internal import Tensors
package import UnitCheckpoints

extension UnitCheckpoint {
  /// The stored header, when the checkpoint was made from one file of that format; nil where a new one is needed.
  package func verbatimHeader(for kind: FlatFormatKind) -> [UInt8]? {
    guard headers.count == 1, case .object(let record)? = try? JSONParser().parse(source),
      case .string(kind.rawValue)? = record["kind"]
    else { return nil }
    return headers[0]
  }
}

extension UnitCheckpoint {
  /// The files of the sharded safetensors that the checkpoint was made from; nil where it was made from others.
  ///
  /// Their names are as the checkpoint has them, and not to be believed: the writer of the set refuses paths.
  package func shardSet() throws(ConversionError) -> ShardSet? {
    guard case .object(let record)? = try? JSONParser().parse(source),
      case .string(FlatFormatKind.shardedSafetensors.rawValue)? = record["kind"]
    else { return nil }
    return try asConversion { () throws(CheckpointError) in
      let stored = try storedSource()
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
  }

  /// The free text of the safetensors file or files that the checkpoint was made from; empty where there was none.
  package func flatMetadata() throws(ConversionError) -> [(key: String, value: String)] {
    if let header = verbatimHeader(for: .safetensors) {
      // Tied tensors are there in full. The index has found every size to fit, their sum is the header's to check.
      return try metadata(of: header, tensors: index.tensors[...])
    }
    guard let stored = try? storedSource(), stored.kind == FlatFormatKind.shardedSafetensors.rawValue,
      let shard = stored.shards.first, let header = shard.header
    else { return [] }
    return try metadata(of: headers[header], tensors: index.tensors.prefix(shard.tensorCount))
  }

  private func metadata(
    of header: [UInt8], tensors: ArraySlice<IndexedTensor>
  ) throws(ConversionError) -> [(key: String, value: String)] {
    let bodySize = tensors.reduce(0) { $0 &+ $1.spec.byteCount }
    return try asConversion { () throws(FlatFormatError) in
      try FlatFormats.metadata(ofVerbatim: header, path: path, bodySize: bodySize)
    }
  }
}
