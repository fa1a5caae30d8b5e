internal import Tensors
internal import UnitModel

/// Counts the elements of layers. Tensors that are cut alike are counted once.
struct LayerCounter {
  private let inventory: Inventory
  private let unitCount: Int
  private let active: [Outline.ActiveUnits]
  /// The numbers of each group for one element outside its cut.
  private var shares: [Int: Share] = [:]
  private(set) var lacksGrids = false

  /// What a group has for one position of its outline's uncut dimensions.
  private struct Share {
    var units: [Int] = []
    var pairs: [[Int]] = []
    var counts = BlockCounts()
    var beyond = 0
    var networks: [Int] = []
  }

  /// The most blocks of a tensor that are walked through one by one.
  private static let blockLimit = 1 << 16

  init(_ inventory: Inventory) {
    self.inventory = inventory
    unitCount = inventory.unitCount ?? 0
    active = inventory.networks.map { Outline.ActiveUnits($0, own: inventory.ownAxes) }
  }

  /// The numbers of a layer with these tensors.
  ///
  /// Sums of stored tensors fit in 63 bits; those of shapes without data are limited to `Int.max`.
  mutating func kind(of tensors: [Int]) -> LayerStack.Kind {
    var kind = LayerStack.Kind(networks: [Int](repeating: 0, count: inventory.networks.count))
    for index in tensors {
      add(inventory.tensors[index].elementCount, to: &kind.stored)
      if inventory.placements.indices.contains(index), let owners = inventory.placements[index].owners {
        add(owners, of: index, to: &kind)
      } else if inventory.tensors[index].elementCount > 0 {
        add(group: inventory.groupOfTensor[index], times: inventory.outside[index], to: &kind)
      }
    }
    if let grid = kind.grid,
      grid.enumerated().allSatisfy({ row in
        row.element.enumerated().allSatisfy { $0.element == 0 || $0.offset == row.offset }
      })
    {
      kind.grid = nil
    }
    return kind
  }

  /// The axes of the first cut dimension, and those of the second one.
  func axes(of tensors: [Int]) -> (rows: [AxisName], columns: [AxisName]) {
    var rows: [AxisName] = []
    var columns: [AxisName] = []
    for index in tensors where inventory.placements.indices.contains(index) {
      let tensor = inventory.placements[index]
      if tensor.scope.isPrivate { continue }
      for (place, dimension) in tensor.cutDimensions.prefix(2).enumerated() {
        for axis in tensor.cuts[dimension]?.parts.compactMap(\.axis) ?? [] {
          if place == 0, !rows.contains(axis) { rows.append(axis) }
          if place == 1, !columns.contains(axis) { columns.append(axis) }
        }
      }
    }
    return (rows, columns)
  }

  private func add(_ owners: ElementOwners, of index: Int, to kind: inout LayerStack.Kind) {
    let tensor = inventory.placements[index]
    for (place, network) in inventory.networks.enumerated() where network.sees(tensor) {
      add(owners.count(in: network.units), to: &kind.networks[place])
    }
    if tensor.scope.isPrivate { return add(tensor.spec.elementCount, to: &kind.private) }
    add(owners.count(of: nil), to: &kind.free)
    var units = kind.units ?? [Int](repeating: 0, count: unitCount)
    for unit in 0..<unitCount { add(owners.count(of: UnitID(unit)), to: &units[unit]) }
    kind.units = units
    if kind.grid != nil { for unit in 0..<unitCount { kind.grid?[unit][unit] = units[unit] } }
  }

  private mutating func add(group number: Int, times: Int, to kind: inout LayerStack.Kind) {
    let share = shares[number] ?? self.share(of: number)
    shares[number] = share
    for place in kind.networks.indices { add(share.networks[place], times, to: &kind.networks[place]) }
    let group = inventory.groups[number]
    if group.isPrivate { return add(share.counts.private, times, to: &kind.private) }
    add(share.counts.common, times, to: &kind.whole)
    add(share.counts.interconnection, times, to: &kind.interconnection)
    add(share.beyond, times, to: &kind.beyond)
    guard share.counts.intra + share.counts.interconnection > 0 else { return }
    var units = kind.units ?? [Int](repeating: 0, count: unitCount)
    for unit in units.indices { add(share.units[unit], times, to: &units[unit]) }
    kind.units = units
    guard unitCount <= LayerStack.gridLimit else {
      lacksGrids = lacksGrids || kind.interconnection > 0
      return
    }
    var grid = kind.grid ?? []
    if grid.isEmpty { grid = [[Int]](repeating: [Int](repeating: 0, count: unitCount), count: unitCount) }
    for row in share.pairs.indices {
      for column in share.pairs.indices { add(share.pairs[row][column], times, to: &grid[row][column]) }
    }
    for unit in units.indices { grid[unit][unit] = units[unit] }
    kind.grid = grid
  }

  private func share(of number: Int) -> Share {
    let group = inventory.groups[number]
    var share = Share()
    share.counts = group.outline.counts(in: nil, unitCount: max(1, unitCount), isPrivate: group.isPrivate)
    share.networks = active.indices.map { index in
      guard group.networks.contains(where: { $0.contains(index) }) else { return 0 }
      return group.outline.counts(in: active[index], unitCount: max(1, unitCount), isPrivate: group.isPrivate)
        .total
    }
    if group.isPrivate { return share }
    share.units = group.outline.inside(unitCount: unitCount)
    if unitCount > LayerStack.gridLimit || share.counts.interconnection == 0 { return share }
    let blocks = group.outline.dimensions.reduce(1) { product, dimension in
      product > Self.blockLimit ? product : product * (1 + dimension.parts.count)
    }
    if blocks > Self.blockLimit {
      share.beyond = share.counts.interconnection
      return share
    }
    (share.pairs, share.beyond) = group.outline.between(unitCount: unitCount)
    return share
  }

  private func add(_ count: Int, _ times: Int = 1, to sum: inout Int) {
    let (product, first) = count.multipliedReportingOverflow(by: times)
    let (next, second) = sum.addingReportingOverflow(product)
    sum = first || second ? Int.max : next
  }
}

extension Outline {
  /// The positions that need each unit and no other one.
  func inside(unitCount: Int) -> [Int] {
    let common = units.isEmpty ? dimensions.reduce(1) { $0 * $1.common } : 0
    return (0..<unitCount).map { unit in
      if units.contains(where: { $0.index != unit }) { return 0 }
      let all = dimensions.reduce(1) { product, dimension in
        product
          * (dimension.common + dimension.parts.reduce(0) { $0 + ($1.unit.index == unit ? $1.size : 0) })
      }
      return all - common
    }
  }

  /// The positions between two units: those of the unit that comes first in the dimensions are the row. `beyond` is the
  /// number of positions that need more than two units.
  func between(unitCount: Int) -> (pairs: [[Int]], beyond: Int) {
    var pairs = [[Int]](repeating: [Int](repeating: 0, count: unitCount), count: unitCount)
    var beyond = 0
    func walk(_ place: Int, _ size: Int, _ met: [Int]) {
      guard place < dimensions.count else {
        if met.count == 2 { pairs[met[0]][met[1]] += size }
        if met.count > 2 { beyond += size }
        return
      }
      let dimension = dimensions[place]
      if dimension.common > 0 { walk(place + 1, size * dimension.common, met) }
      for part in dimension.parts {
        let unit = part.unit.index
        walk(place + 1, size * part.size, met.contains(unit) ? met : met + [unit])
      }
    }
    walk(0, 1, units.map(\.index))
    return (pairs, beyond)
  }
}
