package import Tensors
package import UnitModel

/// The index of a unit checkpoint as values, checked against itself.
///
/// Every range below lies inside its array, every size agrees with the ones above it, so the rest of the program
/// can index without looking again.
package struct CheckpointIndex: Sendable {
  /// In flat order.
  package internal(set) var tensors: [IndexedTensor] = []
  package internal(set) var cuts: [IndexedCut] = []
  package internal(set) var datasets: [IndexedDataset] = []
  package internal(set) var blocks: [IndexedBlock] = []
  /// What the blocks' `coordinates` are ranges of.
  package internal(set) var coordinates: [Int] = []

  /// The cut dimensions of a tensor with their cuts, ascending.
  package func cuts(of tensor: IndexedTensor) -> [(dimension: Int, cut: IndexedCut)] {
    tensor.cuts.enumerated().compactMap { dimension, cut in cut.map { (dimension, cuts[$0]) } }
  }

  /// The row whose datasets hold the bytes of `tensor`: its own, or that of the tensor it is tied to.
  package func stored(_ tensor: IndexedTensor) -> IndexedTensor {
    tensor.tiedTo.map { tensors[$0] } ?? tensor
  }

  /// The owner map by which a stored tensor's elements are packed; nil for one whose elements have no owners.
  package func ownerMap(of tensor: IndexedTensor) -> IndexedTensor? {
    tensor.ownerMap.map { stored(tensors[$0]) }
  }
}

/// One tensor of the flat weights.
package struct IndexedTensor: Sendable {
  package let spec: TensorSpec
  /// The tensor whose bytes these are too.
  package let tiedTo: Int?
  /// Over the logical bytes.
  package let digest: SHA256Digest
  /// Per dimension an index of `CheckpointIndex.cuts`, or nil.
  package let cuts: [Int?]
  /// Indices of `CheckpointIndex.datasets`; empty for a tied tensor.
  package let datasets: Range<Int>
  /// The row of the owner map by which the elements are packed, a dataset for each owner; nil for other tensors.
  package internal(set) var ownerMap: Int?
}

/// How a dimension is cut.
package struct IndexedCut: Sendable {
  package let parts: [DimensionPart]
  /// Positions of each part.
  package let partSizes: [Int]
  /// Neighbouring positions of one part, filling the dimension.
  package let segments: [(part: Int, length: Int)]
  package let size: Int
}

/// One dataset that holds bytes of a tensor.
package struct IndexedDataset: Sendable {
  package let tensor: Int
  package let owner: DatasetOwner
  /// Where its bytes start in the file as it was written; nil where there are none, or where HDF5 must be asked.
  package let address: Int?
  /// Whether it is stored in chunks, which only HDF5 can find.
  package let isChunked: Bool
  /// Of all elements; where it is chunked, those between its blocks are among them.
  package let byteCount: Int
  /// Indices of `CheckpointIndex.blocks`.
  package let blocks: Range<Int>
}

/// One stored run.
package struct IndexedBlock: Sendable {
  /// Bytes from the start of its dataset.
  package let offset: Int
  package let byteCount: Int
  package let checksum: UInt64
  /// Of `CheckpointIndex.coordinates`: parts on the cut dimensions, or the units of a whole tensor.
  package let coordinates: Range<Int>
}
