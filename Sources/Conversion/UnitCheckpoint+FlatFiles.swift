package import FlatFormats
internal import Tensors
package import UnitCheckpoints

/// The parts of the first input's files that a writer of flat files uses again.
extension UnitCheckpoint {
  /// The stored header, if the first input was one file of that format; nil if a new one is needed.
  package func verbatimHeader(for kind: FlatFormatKind) throws(CheckpointError) -> [UInt8]? {
    try base().verbatimHeader(for: kind)
  }

  /// The files of a set of shards, or the only file of a folder; nil for other inputs.
  package func shardSet() throws(CheckpointError) -> ShardSet? { try base().shardSet() }

  /// The free text of the first input's files, for a new file of this kind; empty if there was none.
  package func flatMetadata(for kind: FlatFormatKind) throws(CheckpointError) -> [(
    key: String, value: String
  )] {
    try base().flatMetadata(for: kind)
  }

  /// The files of the graph, without the tensors' elements; nil if there was no graph.
  package func hollowFiles() throws(CheckpointError) -> [HollowFile]? { try base().hollowFiles() }
}
