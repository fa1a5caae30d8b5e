internal import Tensors
internal import UnitModel

/// What a group or a tensor adds to a row: `classes` has what may count, by class; `left` is what the policy's scope or
/// density excludes. The unit is a position of the group's outline or, if values matter, an element of the tensor.
struct Tally {
  var classes = BlockCounts()
  var left = 0

  init(_ classes: BlockCounts = BlockCounts()) { self.classes = classes }

  static func += (tally: inout Tally, other: Tally) {
    tally.classes += other.classes
    tally.left += other.left
  }

  static func -= (tally: inout Tally, other: Tally) {
    tally.classes.common -= other.classes.common
    tally.classes.intra -= other.classes.intra
    tally.classes.interconnection -= other.classes.interconnection
    tally.classes.private -= other.classes.private
    tally.left -= other.left
  }
}

/// Computes tallies for coverages: of groups or, if values matter, of single tensors.
struct Tallier {
  private let inventory: Inventory
  private let policy: CountingPolicy
  private let active: [Outline.ActiveUnits]
  /// The networks of each task.
  private let byTask: [[Int]]
  /// For each list of networks, the networks that no other one of the list contains.
  private var pruned: [[Int]: [Int]] = [:]

  init(_ inventory: Inventory, _ policy: CountingPolicy) {
    self.inventory = inventory
    self.policy = policy
    active = inventory.networks.map { Outline.ActiveUnits($0, own: inventory.ownAxes) }
    var places: [TaskID: Int] = [:]
    var byTask: [[Int]] = []
    for (index, network) in inventory.networks.enumerated() {
      let place = places[network.task] ?? byTask.count
      if place == byTask.count {
        byTask.append([])
        places[network.task] = place
      }
      byTask[place].append(index)
    }
    self.byTask = byTask
  }

  /// The tally of a coverage; `place` is the number of a group or, if values matter, of a tensor.
  ///
  /// Throws the errors of counting masks.
  mutating func tally(_ place: Int, _ coverage: Coverage) throws(AccountingError) -> Tally {
    var result = try uses(place, coverage.networks)
    if !coverage.without.isEmpty { result -= try uses(place, coverage.without) }
    if policy.scope == .standAlone, coverage != .stored {
      result.left += result.classes.interconnection
      result.classes.interconnection = 0
    }
    return result
  }

  /// Counts an element that several tasks use once; or, if the policy counts ties by use, once for each task.
  private mutating func uses(_ place: Int, _ chosen: [Int]?) throws(AccountingError) -> Tally {
    guard policy.ties == .use, !inventory.networks.isEmpty else { return try tally(place, chosen) }
    var result = Tally()
    if chosen == nil {
      // An element that no task uses is counted once.
      result = try tally(place, nil)
      result -= try tally(place, Array(inventory.networks.indices))
    }
    for task in byTask {
      let own = chosen.map { chosen in task.filter(chosen.contains) } ?? task
      if !own.isEmpty { result += try tally(place, own) }
    }
    return result
  }

  private mutating func tally(_ place: Int, _ chosen: [Int]?) throws(AccountingError) -> Tally {
    let group = inventory.groups[policy.isByTensor ? inventory.groupOfTensor[place] : place]
    let users = chosen.map { chosen in
      chosen.filter { index in group.networks.contains { $0.contains(index) } }
    }
    switch policy.density {
    case .dense: return Tally(outlined(group, users))
    case .masked: return try masked(place, group, users)
    case .nonZero: return try blocks(place, group, users)
    }
  }

  /// The positions of a group's outline that at least one of the networks uses; all positions for nil.
  private mutating func outlined(_ group: Inventory.Group, _ users: [Int]?) -> BlockCounts {
    let unitCount = inventory.unitCount ?? 1
    guard let users else {
      return group.outline.counts(in: nil, unitCount: unitCount, isPrivate: group.isPrivate)
    }
    let active = largest(users).map { self.active[$0] }
    return group.outline.counts(inAnyOf: active, unitCount: unitCount, isPrivate: group.isPrivate)
  }

  /// The elements of a tensor that its owner map or masks keep for at least one of the networks. Everything stored has
  /// the elements kept for any network, or all of them if no network uses the tensor.
  private mutating func masked(
    _ tensor: Int, _ group: Inventory.Group, _ users: [Int]?
  ) throws(AccountingError) -> Tally {
    let networks = users ?? Array(group.networks.joined())
    let used = outlined(group, users)
    let elementCount = inventory.tensors[tensor].elementCount
    var tally = Tally()
    if used.total == 0 || elementCount == 0 { return tally }
    if !networks.isEmpty, inventory.placements.indices.contains(tensor),
      let owners = inventory.placements[tensor].owners
    {
      // The elements of an owner count like the blocks of one unit.
      let kept = owners.count(in: units(of: networks))
      if group.isPrivate { tally.classes.private = kept } else { tally.classes.intra = kept }
      tally.left = elementCount - kept
    } else if let kept = try kept(tensor, networks, ofNonZero: false) {
      if group.isPrivate { tally.classes.private = kept } else { tally.classes.common = kept }
      tally.left = elementCount - kept
    } else {
      let steps = inventory.outside[tensor]
      tally.classes.common = used.common * steps
      tally.classes.intra = used.intra * steps
      tally.classes.interconnection = used.interconnection * steps
      tally.classes.private = used.private * steps
    }
    return tally
  }

  /// The units that at least one of the networks uses.
  private func units(of networks: [Int]) -> UnitSet {
    UnitSet(networks.flatMap { inventory.networks[$0].units.ascending })
  }

  /// The number of elements that the masks of a tensor keep for at least one of the networks; nil if a network uses
  /// all.
  private func kept(_ tensor: Int, _ users: [Int], ofNonZero: Bool) throws(AccountingError) -> Int? {
    guard let count = inventory.countKept, !users.isEmpty, inventory.placements[tensor].mask != nil else {
      return nil
    }
    var masks: Set<Int> = []
    for user in users {
      guard let mask = inventory.masks.mask(of: tensor, in: inventory.networks[user]) else { return nil }
      masks.insert(mask)
    }
    return try count(tensor, masks.sorted(), ofNonZero)
  }

  /// Counts the elements that are not zero in the blocks of a tensor that at least one of the networks uses.
  ///
  /// Elements that owner map or masks exclude from all of the networks count as zero.
  private func blocks(
    _ tensor: Int, _ group: Inventory.Group, _ users: [Int]?
  ) throws(AccountingError) -> Tally {
    let values = inventory.nonZero?[tensor] ?? []
    var tally = Tally()
    guard inventory.placements.indices.contains(tensor) else {
      tally.classes.common = values.first ?? 0
      tally.left = inventory.tensors[tensor].elementCount - tally.classes.common
      return tally
    }
    let placement = inventory.placements[tensor]
    let kept: Int?
    if placement.owners != nil {
      let units = users.map(units(of:))
      kept = values.enumerated().reduce(0) { sum, entry in
        units.map { entry.offset > 0 && $0.contains(UnitID(entry.offset - 1)) } ?? true
          ? sum + entry.element : sum
      }
    } else {
      kept = try users.flatMap { (users) throws(AccountingError) in
        try self.kept(tensor, users, ofNonZero: true)
      }
    }
    if let kept {
      if users?.isEmpty == true { return tally }
      if group.isPrivate {
        tally.classes.private = kept
      } else if placement.owners != nil {
        tally.classes.intra = kept
      } else {
        tally.classes.common = kept
      }
      tally.left = placement.spec.elementCount - kept
      return tally
    }
    for (place, block) in placement.blocks.enumerated() {
      let isUsed = users.map { $0.contains { inventory.networks[$0].isActive(block, of: placement) } } ?? true
      guard isUsed else { continue }
      let count = place < values.count ? values[place] : 0
      switch block.blockClass {
      case .common: tally.classes.common += count
      case .intra: tally.classes.intra += count
      case .interconnection: tally.classes.interconnection += count
      case .private: tally.classes.private += count
      }
      tally.left += block.elementCount - count
    }
    return tally
  }

  /// The networks that no other one contains.
  private mutating func largest(_ chosen: [Int]) -> [Int] {
    if chosen.count < 2 { return chosen }
    if let known = pruned[chosen] { return known }
    var kept: [Int] = []
    for index in chosen.reversed() where !kept.contains(where: { active[$0].covers(active[index]) }) {
      kept.removeAll { active[index].covers(active[$0]) }
      kept.append(index)
    }
    pruned[chosen] = kept
    return kept
  }
}
