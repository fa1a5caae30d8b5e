internal import Tensors
internal import UnitModel

/// What became of a claim: the number that its policy gives, and the policies under which it would hold.
public struct CheckedClaim: Sendable {
  /// The claim.
  public let claim: Claim
  /// The rule under which it was claimed.
  public let policy: CountingPolicy
  /// What the rule gives.
  public let found: Int
  /// Whether the claim follows from that.
  public let holds: Bool
  /// Every policy that was asked under which it follows, in their order.
  public let holdsUnder: [CountingPolicy]
}

extension Claim {
  /// Holds claims against a file.
  ///
  /// - Parameters:
  ///   - inventory: what there is in the file.
  ///   - policies: the rule of each claim.
  ///   - others: rules under which a claim might hold instead.
  ///
  /// Throws what `Inventory.counts` does, and `.unknownNetwork` for a claim about no network of the file.
  public static func check(
    _ claims: [Claim], in inventory: Inventory, under policies: [CountingPolicy], others: [CountingPolicy]
  ) throws(AccountingError) -> [CheckedClaim] {
    var known: [SHA256Digest: ParameterCounts] = [:]
    func number(_ claim: Claim, _ policy: CountingPolicy) throws(AccountingError) -> Int {
      let counts: ParameterCounts
      if let ready = known[policy.digest] {
        counts = ready
      } else {
        counts = try inventory.counts(under: policy)
        known[policy.digest] = counts
      }
      guard let network = claim.network else { return claim.measure(counts.stored) }
      let row = counts.networks.first { $0.task == network.task && $0.level == network.level }
      guard let row else { throw .unknownNetwork(task: network.task, level: network.level) }
      return claim.measure(row)
    }
    var result: [CheckedClaim] = []
    for (place, (claim, policy)) in zip(claims, policies).enumerated() {
      if let network = claim.network,
        !inventory.networks.contains(where: { $0.task == network.task && $0.level == network.level })
      {
        let names = Set(inventory.networks.map(\.task.text)).subtracting([network.task.text]).sorted()
        throw .unknownClaimed(
          place: "claims[\(place)]", task: network.task, level: network.level,
          nearest: inventory.networks.contains { $0.task == network.task }
            ? nil : nearestName(to: network.task.text, among: names))
      }
      let found = try number(claim, policy)
      var holdsUnder: [CountingPolicy] = []
      for other in others where inventory.isReady(for: other) {
        if claim.number.follows(from: try number(claim, other), claim.rounding) { holdsUnder.append(other) }
      }
      result.append(
        CheckedClaim(
          claim: claim, policy: policy, found: found,
          holds: claim.number.follows(from: found, claim.rounding), holdsUnder: holdsUnder))
    }
    return result
  }

  private func measure(_ row: ParameterRow) -> Int {
    number.isBytes ? row.bytes.value : row.parameters.value
  }
}
