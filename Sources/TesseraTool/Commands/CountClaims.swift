internal import Accounting
internal import Tessera
internal import UnitModel

/// The claims of a document, and the policies that they name.
struct CountClaims {
  /// The claims.
  let claims: [Claim]
  /// The policy of each claim: a preset, or a file relative to the folder of the claims; the planned policy if the claim
  /// names none.
  let policies: [CountingPolicy]

  /// Reads the claims in the document at `path`.
  init(_ path: String, else planned: CountingPolicy) throws(TesseraError) {
    claims = try DocumentFile.read(path, limit: Claim.sizeLimit, as: "claims") { try Claim.parse($0) }
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
    self.policies = policies
  }

  /// Checks the claims. Each is also tested under the presets and under the named policies.
  func checked(
    in inventory: Inventory, _ named: [CountingPolicy], file: String
  ) throws(TesseraError) -> [CheckedClaim] {
    var others: [CountingPolicy] = []
    do {
      for preset in PolicyPreset.general { others.append(try PolicyPreset.policy(named: preset.rawValue)) }
    } catch { throw TesseraError(sentence: "\(error)") }
    for policy in policies + named where !others.contains(where: { $0.digest == policy.digest }) {
      others.append(policy)
    }
    do { return try Claim.check(claims, in: inventory, under: policies, others: others) } catch {
      throw TesseraError(sentence: "\(file): \(error)")
    }
  }
}
