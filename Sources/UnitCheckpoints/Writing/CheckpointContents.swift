package import Tensors
package import UnitModel

/// Everything a unit checkpoint is made of but the tensors' bytes.
package struct CheckpointContents: Sendable {
  /// The tensors in flat order, each with its cut and scope.
  package let tensors: [TensorPlacement]
  /// For each tensor the index of the one whose bytes it shares, or nil.
  package let ties: [Int?]
  /// For each tensor the index of the owner map by which its elements are packed, or nil.
  package let ownerMaps: [Int?]
  /// The plan as normalised JSON.
  package let plan: [UInt8]
  /// Where the flat weights came from, as JSON: format and shards.
  package let source: [UInt8]
  /// The header of each shard, byte for byte, so that the same file can be written again.
  package let headers: [[UInt8]]
  /// Whether the headers are files of a graph, whose holes the source's record gives.
  package let hasGraph: Bool
  /// The index of a set of shards, byte for byte; nil where there was none.
  package let shardIndex: [UInt8]?

  /// Whether tensors are compressed, those that are large enough for it.
  package let isCompressed: Bool

  package init(
    tensors: [TensorPlacement], ties: [Int?], plan: [UInt8], source: [UInt8], headers: [[UInt8]],
    hasGraph: Bool = false, shardIndex: [UInt8]? = nil, isCompressed: Bool = false
  ) {
    var places: [TensorName: Int] = [:]
    if tensors.contains(where: { $0.owners != nil }) {
      for (place, tensor) in tensors.enumerated() { places[tensor.spec.name] = place }
    }
    ownerMaps = tensors.map { tensor in
      // Without elements there is nothing to pack.
      tensor.spec.elementCount > 0 ? tensor.owners.flatMap { places[$0.map] } : nil
    }
    self.hasGraph = hasGraph
    self.tensors = tensors
    self.ties = ties
    self.plan = plan
    self.source = source
    self.headers = headers
    self.shardIndex = shardIndex
    self.isCompressed = isCompressed
  }
}

/// Where the bytes of one tensor go in the file.
package struct TensorDestination: Sendable {
  /// The blocks in storage order with the file address of each; one for a whole tensor, none for an empty or tied one.
  package let blocks: [BlockDestination]
}

/// Where the bytes of one block go.
package struct BlockDestination: Sendable {
  /// Part indices on the cut dimensions; empty for a whole tensor.
  package let coordinates: [Int]
  /// File address of its first byte; nil for a block that is compressed, whose bytes go to a `ChunkFiller`.
  package let address: Int?
  package let byteCount: Int
  let chunks: BlockChunks?
}

/// The chunks of one compressed block.
struct BlockChunks: Hashable {
  let plan: ChunkPlan
  /// The row of `datasets`.
  let dataset: Int
  /// The number of its first chunk in the dataset.
  let first: Int
  /// Bytes of an element, as HDF5 shuffles them.
  let elementSize: Int
}

/// What reading a tensor's bytes once has found out about them.
package struct TensorSums: Sendable {
  package let sha256: SHA256Digest
  /// XXH3 of each block, in storage order.
  package let blocks: [UInt64]

  package init(sha256: SHA256Digest, blocks: [UInt64]) {
    self.sha256 = sha256
    self.blocks = blocks
  }
}
