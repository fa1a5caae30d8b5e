package import Tensors
package import UnitModel

/// What is read of a stored tensor: all of it, or on every cut dimension the parts that a sub-network has.
package struct TensorSelection: Sendable {
  /// The row whose datasets hold the bytes.
  package let tensor: IndexedTensor
  /// The dense tensor that comes out: the stored one's name and dtype, its extents without what is left out.
  package let spec: TensorSpec
  /// The owner map by which the tensor's elements are packed, and whose are kept; nil for other tensors.
  let owners: Owners?
  /// The tensor that has 0 where an element is taken out; nil for none.
  package let mask: IndexedTensor?
  /// The cut dimensions without the parts that are left out.
  let cuts: [Cut]
  private let isEverything: Bool

  /// Elements that are told off one by one: what is not kept is zero.
  struct Owners: Sendable {
    /// The row whose datasets hold the map.
    let map: IndexedTensor
    /// By owner, 0 for free elements, whether they are kept.
    let keeps: [Bool]

    init?(_ tensor: IndexedTensor, _ index: CheckpointIndex, keeps: (Int) -> Bool) {
      guard let map = index.ownerMap(of: tensor) else { return nil }
      self.map = map
      self.keeps = (0...255).map(keeps)
    }
  }

  /// A cut dimension of which some parts are kept.
  struct Cut: Sendable {
    let dimension: Int
    /// For each stored part its number among the kept ones, or −1.
    let numbers: [Int]
    let partCount: Int
    /// Kept positions in ascending order; neighbours belong to different parts.
    let segments: [(part: Int, length: Int)]

    init(_ dimension: Int, _ cut: IndexedCut, keeps: (DimensionPart) -> Bool) {
      var numbers: [Int] = []
      var partCount = 0
      for part in cut.parts {
        numbers.append(keeps(part) ? partCount : -1)
        if numbers[numbers.count - 1] >= 0 { partCount += 1 }
      }
      var segments: [(part: Int, length: Int)] = []
      for segment in cut.segments {
        let number = numbers[segment.part]
        if number < 0 { continue }
        if let last = segments.last, last.part == number {
          segments[segments.count - 1].length += segment.length
        } else {
          segments.append((number, segment.length))
        }
      }
      self.dimension = dimension
      self.numbers = numbers
      self.partCount = partCount
      self.segments = segments
    }
  }

  /// All of a stored tensor.
  package init(all tensor: IndexedTensor, of index: CheckpointIndex) {
    self.tensor = tensor
    spec = tensor.spec
    owners = Owners(tensor, index) { _ in true }
    mask = nil
    cuts = index.cuts(of: tensor).map { Cut($0.dimension, $0.cut, keeps: { _ in true }) }
    isEverything = true
  }

  /// What `network` has of a stored tensor; a mask that it has is given beside it.
  ///
  /// Throws `TensorError` where packed elements end inside a byte, which no cut of the layout does.
  package init(
    _ tensor: IndexedTensor, of index: CheckpointIndex, in network: VirtualNetwork, mask: IndexedTensor? = nil
  ) throws(TensorError) {
    self.tensor = tensor
    self.mask = mask
    owners = Owners(tensor, index) { $0 > 0 && network.units.contains(UnitID($0 - 1)) }
    cuts = index.cuts(of: tensor).map { Cut($0.dimension, $0.cut, keeps: network.contains) }
    var shape = tensor.spec.shape
    for cut in cuts { shape[cut.dimension] = cut.segments.reduce(0) { $0 + $1.length } }
    spec = try TensorSpec(name: tensor.spec.name, dtype: tensor.spec.dtype, shape: shape)
    isEverything = !cuts.contains { $0.numbers.contains(-1) }
  }

  /// The coordinates of a block among the kept parts; nil for a block that is left out.
  func coordinates(of block: ArraySlice<Int>) -> [Int]? {
    if isEverything { return Array(block) }
    var result: [Int] = []
    for (cut, part) in zip(cuts, block) {
      if cut.numbers[part] < 0 { return nil }
      result.append(cut.numbers[part])
    }
    return result
  }
}
