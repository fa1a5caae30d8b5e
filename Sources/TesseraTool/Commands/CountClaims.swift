internal import Accounting
internal import Tessera
internal import UnitModel

/// Reads claims, and the policies that they name.
enum CountClaims {
  /// The claims in the document at `path`.
  static func read(_ path: String) throws(TesseraError) -> [Claim] {
    try DocumentFile.read(path, limit: Claim.sizeLimit, as: "claims") { try Claim.parse($0) }
  }

  /// The policy of each claim: a preset, or a file relative to the folder of the claims; `planned` if the claim names
  /// none.
  static func policies(
    of claims: [Claim], beside path: String, else planned: CountingPolicy
  ) throws(TesseraError) -> [CountingPolicy] {
    var known: [String: CountingPolicy] = [:]
    var policies: [CountingPolicy] = []
    for claim in claims {
      guard let name = claim.policy else {
        policies.append(planned)
        continue
      }
      if known[name] == nil { known[name] = try PolicyFile.read(name, beside: path) }
      if let policy = known[name] { policies.append(policy) }
    }
    return policies
  }

  /// The policies under which a claim is tested: the presets, and the policies that were named.
  static func others(_ named: [CountingPolicy]) throws(TesseraError) -> [CountingPolicy] {
    var others: [CountingPolicy] = []
    do {
      for preset in PolicyPreset.general { others.append(try PolicyPreset.policy(named: preset.rawValue)) }
    } catch { throw TesseraError(sentence: "\(error)") }
    for policy in named where !others.contains(where: { $0.digest == policy.digest }) {
      others.append(policy)
    }
    return others
  }
}
