internal import UnitModel

extension Outline {
  /// The positions of the outline, by class, that at least one of these sub-networks uses.
  ///
  /// Boxes in a grid overlap, so the union is walked dimension by dimension: positions with the same remaining
  /// sub-networks are taken together, and the rest of the walk is done once for them.
  func counts(inAnyOf active: [ActiveUnits], unitCount: Int, isPrivate: Bool) -> BlockCounts {
    if active.isEmpty { return BlockCounts() }
    if active.count == 1 { return self.counts(in: active[0], unitCount: unitCount, isPrivate: isPrivate) }
    // A network without one of the tensor's own units has nothing of it.
    let alive = active.indices.filter { units.allSatisfy(active[$0].units.contains) }
    if alive.isEmpty { return BlockCounts() }
    let all = union(0, alive, of: active) { _ in true }
    var counts = BlockCounts()
    if isPrivate {
      counts.private = all
      return counts
    }
    if let unit = units.first {
      counts.intra = units.count > 1 ? 0 : union(0, alive, of: active) { $0 == unit }
      counts.interconnection = all - counts.intra
      return counts
    }
    counts.common = dimensions.reduce(1) { $0 * $1.common }
    var met = UnitSet()
    for part in dimensions.lazy.flatMap(\.parts) where !met.contains(part.unit) {
      met.insert(part.unit)
      counts.intra += union(0, alive, of: active) { $0 == part.unit } - counts.common
    }
    counts.interconnection = all - counts.common - counts.intra
    return counts
  }

  private func union(
    _ place: Int, _ alive: [Int], of active: [ActiveUnits], where takes: (UnitID) -> Bool
  ) -> Int {
    if place == dimensions.count { return 1 }
    var sizes: [[Int]: Int] = [alive: dimensions[place].common]
    for part in dimensions[place].parts where takes(part.unit) {
      let still = alive.filter { active[$0].contain(part) }
      if !still.isEmpty { sizes[still, default: 0] += part.size }
    }
    return sizes.reduce(0) { sum, entry in
      entry.value == 0 ? sum : sum + entry.value * union(place + 1, entry.key, of: active, where: takes)
    }
  }
}

extension Outline.ActiveUnits {
  /// Whether this sub-network uses everything that another one uses on the axes.
  func covers(_ other: Self) -> Bool {
    other.units.isSubset(of: units) && zip(other.own, own).allSatisfy { $0.isSubset(of: $1) }
  }
}
