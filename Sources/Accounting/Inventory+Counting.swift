internal import Tensors
internal import UnitModel

extension Inventory {
  /// Counts virtual networks and everything stored under a policy.
  ///
  /// - Parameter selection: which networks may be asked for; the others are not counted. A budget needs every level of
  ///   its tasks.
  ///
  /// Throws `AccountingError.tooMany` where a sum passes 63 bits, which only shapes without data can reach, and
  /// `.tooMuchWork` for more networks, units and ways to be cut than any model has.
  public func counts(
    under policy: CountingPolicy, for selection: RowSelection = RowSelection()
  ) throws(AccountingError) -> ParameterCounts {
    let chosen = networks.indices.filter { selection.mayNeed(networks[$0]) }
    try checkWork(networks: chosen.count)
    let shares = try shares(under: policy)
    var stored = Sums()
    for (group, shares) in zip(groups, shares) where !shares.isEmpty {
      let counts = group.outline.counts(in: nil, unitCount: unitCount ?? 1, isPrivate: group.isPrivate)
      try stored.add(counts, shares, row: "everything stored")
    }
    let users = groupsByUser(chosen)
    var rows: [(network: VirtualNetwork, sums: Sums)] = []
    for (place, index) in chosen.enumerated() {
      let network = networks[index]
      let active = Outline.ActiveUnits(network, own: ownAxes)
      var sums = Sums()
      do throws(AccountingError) {
        for number in users.all + users.each[place] where !shares[number].isEmpty {
          let group = groups[number]
          let counts = group.outline.counts(in: active, unitCount: unitCount ?? 1, isPrivate: group.isPrivate)
          try sums.add(counts, shares[number], row: "")
        }
      } catch { throw error.placed(at: "task \(network.task.quoted), level \(network.level)") }
      rows.append((network, sums))
    }
    return ParameterCounts(
      policy: policy, networks: self.rows(rows),
      stored: ParameterRow(nil, unitCount: unitCount ?? 0, stored))
  }

  /// Steps over the units of a group that counting may take: a second or two.
  ///
  /// 1,000 tensors that are all cut in ways of their own, with 8 units and 64 networks, take a hundredth of it; a plan
  /// of a few hundred kilobytes can ask for hours.
  static let workLimit = 500_000_000

  private func checkWork(networks count: Int) throws(AccountingError) {
    var work = 0
    for group in groups {
      let parts = group.outline.dimensions.reduce(1) { $0 + (unitCount ?? 1) + $1.parts.count }
      let networks = 1 + min(count, group.networks.reduce(0) { $0 + $1.count })
      let (product, first) = parts.multipliedReportingOverflow(by: networks)
      let (sum, second) = work.addingReportingOverflow(product)
      work = first || second ? Int.max : sum
      if work > Self.workLimit { throw .tooMuchWork(networks: count, limit: Self.workLimit) }
    }
  }

  /// The groups that every network uses, and for each chosen network those that it uses besides.
  private func groupsByUser(_ chosen: [Int]) -> (all: [Int], each: [[Int]]) {
    var all: [Int] = []
    var each = [[Int]](repeating: [], count: chosen.count)
    var places = [Int](repeating: -1, count: networks.count)
    for (place, index) in chosen.enumerated() { places[index] = place }
    for (number, group) in groups.enumerated() {
      if group.networks == [networks.indices] {
        all.append(number)
        continue
      }
      for index in group.networks.joined() where places[index] >= 0 { each[places[index]].append(number) }
    }
    return (all, each)
  }

  /// What the tensors of each group put in, by role, per step of the group's outline.
  private func shares(under policy: CountingPolicy) throws(AccountingError) -> [[Share]] {
    var shares = [[Share]](repeating: [], count: groups.count)
    for (index, names) in names.enumerated() {
      switch policy.ties {
      case .each:
        let isCounted = policy.counts(tensors[index].name, roles[index].role)
        try add(index, roles[index].role, isCounted, to: &shares)
      case .once:
        // Bytes with several names are counted when one of the names is, in the role that this name has.
        guard let first = names.first else { continue }
        let counted = names.first { policy.counts(tensors[$0].name, roles[$0].role) }
        try add(first, roles[counted ?? first].role, counted != nil, to: &shares)
      }
    }
    return shares
  }

  private func add(
    _ tensor: Int, _ role: ParameterRole, _ isCounted: Bool, to shares: inout [[Share]]
  ) throws(AccountingError) {
    let group = groupOfTensor[tensor]
    let place =
      shares[group].firstIndex { $0.role == role && $0.isCounted == isCounted } ?? shares[group].count
    if place == shares[group].count { shares[group].append(Share(role: role, isCounted: isCounted)) }
    // Elements times bits fits for every tensor, and so does any part of it.
    let bits = outside[tensor] * tensors[tensor].dtype.bits
    try accumulate(outside[tensor], 1, into: &shares[group][place].elements, "elements", "everything stored")
    try accumulate(bits, 1, into: &shares[group][place].bits, "bits", "everything stored")
  }

  private func rows(_ counted: [(network: VirtualNetwork, sums: Sums)]) -> [ParameterRow] {
    var own: [TaskID: [AxisName]] = [:]
    for task in tasks { own[task.task] = task.axes.map(\.axis) }
    return counted.map { ParameterRow($0.network, ownAxes: own[$0.network.task] ?? [], $0.sums) }
  }
}

/// Elements of one role in a group, per step of the group's outline.
private struct Share {
  let role: ParameterRole
  let isCounted: Bool
  var elements = 0
  var bits = 0
}

/// What a row adds up to.
private struct Sums {
  var classes = BlockCounts()
  var counted = 0
  var bits = 0
  var excluded = 0
  var excludedBits = 0
  /// Counted and left out, by role; empty until there is one.
  var roles: [Share] = []

  mutating func add(_ counts: BlockCounts, _ shares: [Share], row: String) throws(AccountingError) {
    let all = counts.total
    if all == 0 { return }
    for share in shares {
      let place =
        roles.firstIndex { $0.role == share.role && $0.isCounted == share.isCounted } ?? roles.count
      if place == roles.count { roles.append(Share(role: share.role, isCounted: share.isCounted)) }
      try accumulate(share.elements, all, into: &roles[place].elements, "elements", row)
      guard share.isCounted else {
        try accumulate(share.elements, all, into: &excluded, "elements", row)
        try accumulate(share.bits, all, into: &excludedBits, "bits", row)
        continue
      }
      try accumulate(share.bits, all, into: &bits, "bits", row)
      // The sum of the classes must fit as well as each of them.
      try accumulate(share.elements, all, into: &counted, "elements", row)
      try accumulate(share.elements, counts.common, into: &classes.common, "elements", row)
      try accumulate(share.elements, counts.intra, into: &classes.intra, "elements", row)
      try accumulate(share.elements, counts.interconnection, into: &classes.interconnection, "elements", row)
      try accumulate(share.elements, counts.private, into: &classes.private, "elements", row)
    }
  }
}

/// Adds a product to a sum, exactly.
private func accumulate(
  _ factor: Int, _ other: Int, into sum: inout Int, _ what: String, _ row: String
) throws(AccountingError) {
  let (product, first) = factor.multipliedReportingOverflow(by: other)
  let (next, second) = sum.addingReportingOverflow(product)
  if first || second { throw .tooMany(what: what, row: row) }
  sum = next
}

extension AccountingError {
  /// The same error at a row whose name is spelled out only now.
  fileprivate func placed(at row: String) -> AccountingError {
    if case .tooMany(let what, _) = self { .tooMany(what: what, row: row) } else { self }
  }
}

extension ParameterRow {
  fileprivate init(_ network: VirtualNetwork?, unitCount: Int = 0, ownAxes: [AxisName] = [], _ sums: Sums) {
    func elements(_ role: ParameterRole, _ isCounted: Bool) -> Int? {
      sums.roles.first { $0.role == role && $0.isCounted == isCounted }?.elements
    }
    self.network = network
    self.unitCount = unitCount
    self.ownAxes = ownAxes
    classes = sums.classes
    // Tensors of packed elements are cut only where a byte ends.
    bytes = ByteCount(sums.bits / 8)
    excluded = ParameterCount(sums.excluded)
    excludedBytes = ByteCount(sums.excludedBits / 8)
    roles = ParameterRole.allCases.compactMap { role in
      let counted = elements(role, true)
      let left = elements(role, false)
      if counted == nil && left == nil { return nil }
      return RoleCount(
        role: role, parameters: ParameterCount(counted ?? 0), excluded: ParameterCount(left ?? 0))
    }
  }
}
