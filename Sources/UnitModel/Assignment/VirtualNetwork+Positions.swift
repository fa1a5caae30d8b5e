internal import Tensors

extension VirtualNetwork {
  /// The active positions of a dimension, ascending, with neighbouring runs joined; all positions if it is not cut.
  public func activePositions(of tensor: TensorPlacement, dimension: Int) -> [Range<Int>] {
    guard tensor.spec.shape.indices.contains(dimension) else { return [] }
    guard let cut = tensor.cuts[dimension] else {
      let extent = tensor.spec.shape[dimension]
      return extent > 0 ? [0..<extent] : []
    }
    let active = cut.parts.map(contains)
    var ranges: [Range<Int>] = []
    var start = 0
    for segment in cut.segments {
      let end = start + segment.length
      if active[segment.part] {
        if let last = ranges.last, last.upperBound == start {
          ranges[ranges.count - 1] = last.lowerBound..<end
        } else {
          ranges.append(start..<end)
        }
      }
      start = end
    }
    return ranges
  }

  /// The shape of the tensor in this sub-network; nil when the sub-network does not have it.
  public func activeShape(of tensor: TensorPlacement) -> [Int]? {
    guard sees(tensor), tensor.units.allSatisfy(units.contains) else { return nil }
    var shape = tensor.spec.shape
    for dimension in tensor.cutDimensions {
      guard let cut = tensor.cuts[dimension] else { continue }
      shape[dimension] = zip(cut.parts, cut.partSizes).reduce(0) { $0 + (contains($1.0) ? $1.1 : 0) }
    }
    return shape
  }

  /// The active channels of an axis, in the order of a compact dimension.
  public func activeChannels(of axis: ChannelAxis, order: TensorPlacement.FeatureOrder) -> [Range<Int>] {
    let active = units(on: axis.name)
    switch order {
    case .ascending:
      var ranges: [Range<Int>] = []
      for run in axis.runs where run.unit.map(active.contains) ?? true {
        if let last = ranges.last, last.upperBound == run.channels.lowerBound {
          ranges[ranges.count - 1] = last.lowerBound..<run.channels.upperBound
        } else {
          ranges.append(run.channels)
        }
      }
      return ranges
    case .task:
      return axis.common.ranges + orderedUnits(on: axis.name).flatMap { axis.channels(of: $0).ranges }
    }
  }

  /// The number of active channels of an axis.
  public func activeChannelCount(of axis: ChannelAxis) -> Int {
    let active = units(on: axis.name)
    return axis.common.count + active.ascending.reduce(0) { $0 + axis.channels(of: $1).count }
  }

  /// The number of the tensor's elements in this sub-network, by class.
  ///
  /// This walks over the grid of one tensor. To count whole files, use `Accounting.Inventory`, which counts tensors
  /// that are cut alike only once; its tests compare it with this walk.
  public func elementCounts(of tensor: TensorPlacement) -> BlockCounts {
    var counts = BlockCounts()
    guard sees(tensor), tensor.units.allSatisfy(units.contains), tensor.spec.elementCount > 0 else {
      return counts
    }
    let cuts = tensor.cutDimensions.compactMap { tensor.cuts[$0] }
    var outside = tensor.spec.elementCount
    for cut in cuts { outside /= cut.size }
    let active = cuts.map { $0.parts.map(contains) }
    let isPrivate = tensor.scope.isPrivate
    // Only "none, one, more than one unit" matters, so the first unit and a flag for another one are enough.
    func walk(_ place: Int, _ elements: Int, _ first: UnitID?, _ several: Bool) {
      if place == cuts.count {
        counts.add(elements, units: several ? 2 : first == nil ? 0 : 1, isPrivate: isPrivate)
        return
      }
      let cut = cuts[place]
      for part in cut.parts.indices where active[place][part] {
        let unit = cut.parts[part].unit
        let differs = unit != nil && first != nil && unit != first
        walk(place + 1, elements * cut.partSizes[part], first ?? unit, several || differs)
      }
    }
    walk(0, outside, tensor.units.first, tensor.units.count > 1)
    return counts
  }

  /// The elements of all tensors in this sub-network, by class; a tied tensor counts once for each of its names.
  public func elementCounts(of partition: Partition) -> BlockCounts {
    partition.tensors.reduce(into: BlockCounts()) { $0 += elementCounts(of: $1) }
  }
}
