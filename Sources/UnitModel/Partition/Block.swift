/// The part of a tensor with one part of every cut dimension.
public struct Block: Hashable, Sendable {
  /// For each cut dimension, in order, an index of its cut's `parts`; empty for a whole tensor.
  public let parts: [Int]
  /// The distinct units, ascending.
  public let units: [UnitID]
  /// The unit whose dataset holds the block: that of the first cut dimension; nil for the common dataset.
  public let owner: UnitID?
  /// The block's extents, one for each dimension of the tensor.
  public let shape: [Int]
  /// The product of the shape.
  public let elementCount: Int
  /// What the block is counted as.
  public let blockClass: BlockClass
}

/// What a block is counted as.
public enum BlockClass: String, Hashable, Sendable, CaseIterable {
  /// No unit: part of every sub-network.
  case common
  /// One unit: its diagonal block, its biases and norms.
  case intra
  /// More than one unit: parameters between units.
  case interconnection
  /// A tensor that only some tasks or levels use, whatever its cut.
  case `private`

  /// The class of a block with this many distinct units.
  init(unitCount: Int, isPrivate: Bool) {
    self = isPrivate ? .private : unitCount == 0 ? .common : unitCount == 1 ? .intra : .interconnection
  }
}

/// The blocks that lie in one dataset, in storage order.
public struct OwnedBlocks: Hashable, Sendable {
  /// The unit whose dataset this is; nil for the common one, and for that of free elements.
  public let owner: UnitID?
  /// The blocks, in the order in which they are stored.
  public let blocks: [Block]

  /// The elements of all blocks.
  public var elementCount: Int { blocks.reduce(0) { $0 + $1.elementCount } }
}
