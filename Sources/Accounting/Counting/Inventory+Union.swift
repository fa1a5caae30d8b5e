public import Tensors
internal import UnitModel

/// The elements that several sub-networks need together, and the sum of their separate counts.
public struct UnionCount: Sendable {
  /// The sub-networks, in the order in which they were given.
  public let networks: [Claim.Network]
  /// Elements that at least one of them uses, each counted once.
  public let together: ParameterRow
  /// The sum over the networks: an element that three of them use counts three times.
  public let separate: ParameterCount
  /// The bytes of that sum.
  public let separateBytes: ByteCount
}

extension Inventory {
  /// Counts the elements that at least one of these networks uses, under a policy.
  ///
  /// Throws the errors of `counts`, and `.unknownNetwork`. The scopes `stored`, `union` and `increment` of a policy are
  /// replaced by `active`, because the networks determine the scope.
  public func union(
    of wanted: [Claim.Network], under policy: CountingPolicy
  ) throws(AccountingError) -> UnionCount {
    var chosen: [Int] = []
    for network in wanted {
      guard
        let index = networks.firstIndex(where: { $0.task == network.task && $0.level == network.level })
      else { throw .unknownNetwork(task: network.task, level: network.level) }
      if !chosen.contains(index) { chosen.append(index) }
    }
    try checkReady(for: policy)
    try checkWork(networks: chosen.count + 1, policy, isUnion: true)
    let shares = try shares(under: policy)
    var tallier = Tallier(self, policy)
    let asks = policy.trainability != nil
    let together = try sums(
      Coverage(networks: chosen.sorted(), without: []), shares, policy, &tallier, row: "union")
    var separate = 0
    var bytes = 0
    for index in chosen {
      let own = try sums(
        Coverage(networks: [index], without: []), shares, policy, &tallier,
        row: "task \(networks[index].task.quoted), level \(networks[index].level)")
      try accumulateProduct(own.counted, 1, into: &separate, "elements", "separate networks")
      try accumulateProduct((own.bits + 7) / 8, 1, into: &bytes, "bits", "separate networks")
    }
    return UnionCount(
      networks: chosen.map { Claim.Network(task: networks[$0].task, level: networks[$0].level) },
      together: ParameterRow(nil, asksTraining: asks, together), separate: ParameterCount(separate),
      separateBytes: ByteCount(bytes))
  }

  /// The parameters that each two sub-networks need together, under a policy: row i has networks 0…i, itself last.
  ///
  /// Row i, column j is the count of `union(of: [i, j])`. Throws the same errors.
  public func pairs(under policy: CountingPolicy) throws(AccountingError) -> [[ParameterCount]] {
    try checkReady(for: policy)
    // Each pair is a union of two networks.
    try checkWork(networks: networks.count * (networks.count + 1) / 2, policy, isUnion: true)
    let shares = try shares(under: policy)
    var tallier = Tallier(self, policy)
    var table: [[ParameterCount]] = []
    for first in networks.indices {
      var row: [ParameterCount] = []
      for second in 0...first {
        let coverage = Coverage(networks: first == second ? [first] : [second, first], without: [])
        row.append(ParameterCount(try sums(coverage, shares, policy, &tallier, row: "union").counted))
      }
      table.append(row)
    }
    return table
  }

  /// The number of sub-networks.
  public var networkCount: Int { networks.count }
}
