internal import Tensors
internal import UnitModel

extension Inventory {
  /// Counts sub-networks and everything stored under a policy.
  ///
  /// - Parameter selection: the networks to count; others are counted only if the policy's ratio or expectation needs
  ///   them. A budget needs every level of its tasks.
  ///
  /// Throws `AccountingError.tooMany` if a sum exceeds 63 bits, which only shapes without data can reach,
  /// `.tooMuchWork` for more networks, units and kinds of cuts than any model has, `.needsValues` if the policy counts
  /// values and none were read, and `.unknownNetwork` for an expectation over networks that do not exist.
  public func counts(
    under policy: CountingPolicy, for selection: RowSelection = RowSelection()
  ) throws(AccountingError) -> ParameterCounts {
    try checkReady(for: policy)
    let wanted = Set(networks.indices.filter { selection.mayNeed(networks[$0]) })
    let needsAll = policy.selection != nil || policy.ratio == .ofLargest
    let chosen = networks.indices.filter { needsAll || wanted.contains($0) }
    try checkWork(networks: chosen.count, policy)
    let shares = try shares(under: policy)
    var tallier = Tallier(self, policy)
    let stored = try sums(.stored, shares, policy, &tallier, row: "everything stored")
    let users = policy.isPlain ? groupsByUser(chosen) : nil
    var rows: [(index: Int, sums: RowSums)] = []
    for (place, index) in chosen.enumerated() {
      let name = "task \(networks[index].task.quoted), level \(networks[index].level)"
      var sums = RowSums()
      if let users {
        let coverage = Coverage(networks: [index], without: [])
        for number in users.all + users.each[place] where !shares[number].isEmpty {
          try sums.add(try tallier.tally(number, coverage), shares[number], row: name)
        }
      } else {
        sums = try self.sums(coverage(of: index, policy.scope), shares, policy, &tallier, row: name)
      }
      rows.append((index, sums))
    }
    let own = ownAxesOfTasks()
    let asks = policy.trainability != nil
    let all = rows.map { row in
      ParameterRow(
        networks[row.index], ownAxes: own[networks[row.index].task] ?? [], asksTraining: asks, row.sums)
    }
    return ParameterCounts(
      policy: policy, networks: zip(rows, all).filter { wanted.contains($0.0.index) }.map(\.1),
      stored: ParameterRow(nil, unitCount: unitCount ?? 0, asksTraining: asks, stored),
      largest: policy.ratio == .ofLargest ? largest(all) : [:], expectation: try expectation(all, policy),
      leftOut: leftOut(under: policy), unmatched: unmatched(by: policy))
  }

  /// Throws if a policy lacks a plan or the tensors' values, or has too many patterns.
  func checkReady(for policy: CountingPolicy) throws(AccountingError) {
    if policy.density == .masked, placements.isEmpty, !tensors.isEmpty { throw .needsPlan(policy: policy.id) }
    guard hasValues(for: policy) else { throw .needsValues(policy: policy.id) }
    // Each pattern is tried on each name, for everything stored and for the tensors that are left out.
    let (meetings, overflow) = policy.patterns.count.multipliedReportingOverflow(by: tensors.count)
    guard !overflow, meetings <= Self.meetingLimit else {
      throw .outOfRange(
        place: "policy '\(policy.id)'",
        expected:
          "patterns that need at most \(Self.meetingLimit.grouped) comparisons with tensor names",
        found: "more")
    }
  }

  /// A thousand patterns for ten thousand tensors need a fifth of this. A policy of a megabyte could cause minutes of
  /// work.
  private static let meetingLimit = 50_000_000

  func sums(
    _ coverage: Coverage, _ shares: [[Share]], _ policy: CountingPolicy, _ tallier: inout Tallier, row: String
  ) throws(AccountingError) -> RowSums {
    var sums = RowSums()
    for (number, shares) in shares.enumerated() where !shares.isEmpty {
      // Heads and stems may count beyond the level.
      for part in NetworkPart.allCases {
        let own = shares.filter { $0.part == part }
        if own.isEmpty { continue }
        let extent = part == .head ? policy.heads : part == .stem ? policy.stems : .active
        try sums.add(try tallier.tally(number, widened(coverage, to: extent)), own, row: row)
      }
    }
    return sums
  }

  /// The most steps over the units of groups in one count: a second or two.
  ///
  /// 1,000 tensors, each cut in its own way, with 8 units and 64 networks, need a hundredth of this. A plan of a few
  /// hundred kilobytes could cause hours of work.
  static let workLimit = 500_000_000

  func checkWork(
    networks count: Int, _ policy: CountingPolicy, isUnion: Bool = false
  ) throws(AccountingError) {
    let isPlain = policy.isPlain && !isUnion
    let isSingle = policy.isSingle && !isUnion
    var work = 0
    func add(_ factors: Int...) throws(AccountingError) {
      var product = 1
      for factor in factors {
        let (next, overflow) = product.multipliedReportingOverflow(by: factor)
        product = overflow ? Int.max : next
      }
      let (sum, overflow) = work.addingReportingOverflow(product)
      work = overflow ? Int.max : sum
      if work > Self.workLimit { throw .tooMuchWork(networks: count, limit: Self.workLimit) }
    }
    if policy.density == .nonZero {
      for placement in placements {
        let blocks = placement.cutDimensions.reduce(1) { $0 * (placement.cuts[$1]?.parts.count ?? 1) }
        try add(blocks, 1 + count, isPlain ? 1 : 1 + networks.count)
      }
      return
    }
    if !isSingle { try add(count, networks.count, networks.count) }
    for group in policy.isByTensor ? groupOfTensor.map({ groups[$0] }) : groups {
      let parts = group.outline.dimensions.reduce(1) { $0 + (unitCount ?? 1) + $1.parts.count }
      let users = 1 + min(count, group.networks.reduce(0) { $0 + $1.count })
      if isSingle, !isPlain {
        // A row searches for its own network; the row for everything stored uses all of them.
        try add(parts + group.networks.count, 1 + count)
        try add(networks.count)
        continue
      }
      guard isPlain else {
        try add(parts, 1 + count, 1 + networks.count)
        continue
      }
      try add(parts, users)
    }
  }

  /// The groups that every network uses, and the further groups of each chosen network.
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

  private func ownAxesOfTasks() -> [TaskID: [AxisName]] {
    var own: [TaskID: [AxisName]] = [:]
    for task in tasks { own[task.task] = task.axes.map(\.axis) }
    return own
  }

  private func largest(_ rows: [ParameterRow]) -> [TaskID: ParameterCount] {
    var largest: [TaskID: ParameterCount] = [:]
    for row in rows { if let task = row.task { largest[task] = row.parameters } }
    return largest
  }

  private func expectation(
    _ rows: [ParameterRow], _ policy: CountingPolicy
  ) throws(AccountingError) -> Expectation? {
    guard let selection = policy.selection, !rows.isEmpty else { return nil }
    var sum = 0
    var total = 0
    func add(_ row: ParameterRow, _ weight: Int) throws(AccountingError) {
      try accumulateProduct(row.parameters.value, weight, into: &sum, "elements", "expectation")
      try accumulateProduct(weight, 1, into: &total, "elements", "expectation")
    }
    switch selection {
    case .uniform: for row in rows { try add(row, 1) }
    case .weights(let weighted):
      for network in weighted {
        guard let row = rows.first(where: { $0.task == network.task && $0.level == network.level }) else {
          throw .unknownNetwork(task: network.task, level: network.level)
        }
        try add(row, network.weight)
      }
    }
    return Expectation(sum: sum, weight: total)
  }
}

extension CountingPolicy {
  /// Whether each row counts one network by itself, without a widened scope, and values do not matter.
  fileprivate var isPlain: Bool { isSingle && density == .dense }

  /// Whether each row counts one network by itself, without a widened scope.
  fileprivate var isSingle: Bool {
    (scope == .active || scope == .standAlone) && heads == .active && stems == .active && ties != .use
  }
}
