internal import Tensors

extension TensorPlacement {
  /// The blocks with at least one element: by the unit of the part of the first cut dimension, common ones first, then
  /// by the units on the other cut dimensions, then by part. A tensor without elements has none.
  ///
  /// If elements have owners of their own, they are one block here: a task has the tensor in its own shape, with zeros.
  public var blocks: [Block] {
    guard spec.elementCount > 0 else { return [] }
    if cutDimensions.isEmpty {
      return [
        Block(
          parts: [], units: units, shape: spec.shape, elementCount: spec.elementCount,
          blockClass: BlockClass(unitCount: units.count, isPrivate: scope.isPrivate))
      ]
    }
    let cuts = cutDimensions.compactMap { self.cuts[$0] }
    var blocks: [Block] = []
    blocks.reserveCapacity(cuts.reduce(1) { $0 * $1.parts.count })
    var parts = [Int](repeating: 0, count: cuts.count)
    repeat { blocks.append(block(parts, of: cuts)) } while advance(&parts, in: cuts)
    // Parts ascend by unit, so the grid is already in order, unless a unit has two parts of a dimension.
    if cuts.contains(where: { Set($0.parts.map(\.unit)).count < $0.parts.count }) {
      let keys = blocks.map { storageKey(of: $0, in: cuts) }
      let order = blocks.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }
      blocks = order.map { blocks[$0] }
    }
    return blocks
  }

  private func block(_ parts: [Int], of cuts: [DimensionCut]) -> Block {
    var shape = spec.shape
    var distinct = units
    for (place, dimension) in cutDimensions.enumerated() {
      shape[dimension] = cuts[place].partSizes[parts[place]]
      if let unit = cuts[place].parts[parts[place]].unit, !distinct.contains(unit) { distinct.append(unit) }
    }
    return Block(
      parts: parts, units: distinct.sorted(), shape: shape,
      // This is at most the number of elements of the whole tensor, which fits.
      elementCount: shape.reduce(1, *),
      blockClass: BlockClass(unitCount: distinct.count, isPrivate: scope.isPrivate))
  }

  /// Goes to the next block of the grid, the last dimension fastest; returns false after the last block.
  private func advance(_ parts: inout [Int], in cuts: [DimensionCut]) -> Bool {
    for place in parts.indices.reversed() {
      parts[place] += 1
      if parts[place] < cuts[place].parts.count { return true }
      parts[place] = 0
    }
    return false
  }

  private func storageKey(of block: Block, in cuts: [DimensionCut]) -> [Int] {
    block.parts.indices.map { cuts[$0].parts[block.parts[$0]].unit?.index ?? -1 } + block.parts
  }
}
