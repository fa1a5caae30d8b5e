/// The elements of a tensor in one part of every cut dimension.
public struct Block: Hashable, Sendable {
  /// For each cut dimension in order, the index in the cut's `parts`; empty for a whole tensor.
  public let parts: [Int]
  /// The units of the parts and of the tensor itself, each once, ascending.
  public let units: [UnitID]
  /// The block's extents, one for each dimension of the tensor.
  public let shape: [Int]
  /// The product of the shape.
  public let elementCount: Int
  /// The class in which the block is counted.
  public let blockClass: BlockClass
}

/// The class in which a block is counted, by its units and scope.
public enum BlockClass: String, Hashable, Sendable, CaseIterable {
  /// The block has no unit, so every sub-network has it.
  case common
  /// The block has one unit: it is a diagonal block, or belongs to a bias or a norm.
  case intra
  /// The block has more than one unit: its parameters connect units.
  case interconnection
  /// The tensor is used by some tasks or levels only, whatever its cut.
  case `private`

  /// The class of a block with this many distinct units.
  init(unitCount: Int, isPrivate: Bool) {
    self = isPrivate ? .private : unitCount == 0 ? .common : unitCount == 1 ? .intra : .interconnection
  }
}
