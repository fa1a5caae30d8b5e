internal import Tensors
internal import UnitModel

/// The result for one claim: the exact number, and the policies under which the claim is true.
public struct CheckedClaim: Sendable {
  /// The claim as the document gives it.
  public let claim: Claim
  /// The policy under which the number was counted.
  public let policy: CountingPolicy
  /// The exact number under this policy: elements, or bytes if the claim has a unit of bytes.
  public let found: Int
  /// Whether `found`, rounded as the claim says, is the claimed number.
  public let holds: Bool
  /// All tested policies under which the claim is true, in the order in which they were given.
  public let holdsUnder: [CountingPolicy]
}

extension Claim {
  /// Checks claims against the contents of a file.
  ///
  /// - Parameters:
  ///   - inventory: the contents of the file.
  ///   - policies: the policy of each claim.
  ///   - others: other policies, under which a claim may be true.
  ///
  /// Throws the errors of `Inventory.counts`, and `.unknownClaimed` for a claim about a network that the file does not
  /// have.
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
