internal import UnitModel

/// The cut of a tensor, without its name and its uncut dimensions: equal for tensors that are cut alike.
///
/// A model of thousands of tensors has few outlines, and each is counted once for every sub-network.
struct Outline: Hashable {
  /// The cut dimensions.
  let dimensions: [Dimension]
  /// The units that the tensor itself belongs to.
  let units: [UnitID]

  /// Positions of a cut dimension.
  struct Dimension: Hashable {
    /// Positions of every sub-network.
    let common: Int
    let parts: [Part]
  }

  /// The positions of one unit on an axis.
  struct Part: Hashable {
    let unit: UnitID
    /// The number of the axis, if some task has its own order or levels on it. Else nil: equal cuts on several axes are
    /// then equal.
    let axis: Int?
    let size: Int
  }

  /// The units that a sub-network uses.
  struct ActiveUnits {
    let units: UnitSet
    /// The units on each axis on which some task has its own order or levels, by the axis's number.
    let own: [UnitSet]

    init(_ network: VirtualNetwork, own axes: [AxisName]) {
      units = network.units
      own = axes.map { network.units(on: $0) }
    }

    func contain(_ part: Part) -> Bool { (part.axis.map { own[$0] } ?? units).contains(part.unit) }
  }

  /// The dimension that a cut makes; `own` numbers the axes on which some task has its own order or levels.
  static func dimension(_ cut: DimensionCut, own: [AxisName: Int]) -> Dimension {
    var common = 0
    var parts: [Part] = []
    for (part, size) in zip(cut.parts, cut.partSizes) {
      switch part {
      case .common: common += size
      case .unit(let unit, let axis):
        parts.append(Part(unit: unit, axis: own[axis], size: size))
      }
    }
    return Dimension(common: common, parts: parts)
  }

  /// The positions of the outline, by class, that a sub-network uses; all positions for nil.
  ///
  /// The number of elements is this number times the extents that are not cut.
  ///
  /// A position is intra if all its units are the same. The positions with no unit but u are the product of common + u
  /// over the dimensions, so k products replace a walk over the k × k grid.
  ///
  /// A tensor without elements has an outline without dimensions, because its other extents may have any size.
  func counts(in active: ActiveUnits?, unitCount: Int, isPrivate: Bool) -> BlockCounts {
    var counts = BlockCounts()
    if let active, !units.allSatisfy(active.units.contains) { return counts }
    // Every extent is at least 1, so no product exceeds the tensor's own number of elements, which is known to fit.
    var all = 1
    var common = 1
    var single = [Int](repeating: 1, count: isPrivate ? 0 : unitCount)
    var sizes = single
    for dimension in dimensions {
      for unit in sizes.indices { sizes[unit] = dimension.common }
      var used = dimension.common
      for part in dimension.parts where active?.contain(part) ?? true {
        used += part.size
        if sizes.indices.contains(part.unit.index) { sizes[part.unit.index] += part.size }
      }
      all *= used
      common *= dimension.common
      for unit in single.indices { single[unit] *= sizes[unit] }
    }
    if isPrivate {
      counts.private = all
    } else if units.count > 1 {
      counts.interconnection = all
    } else if let unit = units.first {
      // The tensor's own unit joins every position, so those of another unit connect the two.
      counts.intra = single[unit.index]
      counts.interconnection = all - counts.intra
    } else {
      counts.common = common
      counts.intra = single.reduce(0) { $0 + $1 - common }
      counts.interconnection = all - common - counts.intra
    }
    return counts
  }
}
