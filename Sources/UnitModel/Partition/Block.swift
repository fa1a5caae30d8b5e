/// The elements of a tensor that lie in one part of every cut dimension.
public struct Block: Hashable, Sendable {
  /// The index in the cut's `parts`, for each cut dimension in order; empty for a whole tensor.
  public let parts: [Int]
  /// The distinct units, ascending.
  public let units: [UnitID]
  /// The unit of the part on the first cut dimension; nil for a common part.
  public let owner: UnitID?
  /// The block's extents, one for each dimension of the tensor.
  public let shape: [Int]
  /// The product of the shape.
  public let elementCount: Int
  /// The class in which the block is counted.
  public let blockClass: BlockClass
}

/// The class in which a block is counted, by its units and scope.
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

/// The blocks with one owner, in the order of the grid.
public struct OwnedBlocks: Hashable, Sendable {
  /// The unit; nil for common blocks, and for free elements.
  public let owner: UnitID?
  /// The blocks, in the order of the grid.
  public let blocks: [Block]

  /// The elements of all blocks.
  public var elementCount: Int { blocks.reduce(0) { $0 + $1.elementCount } }
}
