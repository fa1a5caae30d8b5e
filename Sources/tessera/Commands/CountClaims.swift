internal import Accounting
internal import ByteFiles
internal import Glibc
internal import UnitModel

/// Reads claims, and finds the policies that they name.
enum CountClaims {
  /// The claims of a document.
  static func read(_ path: String) throws(Failure) -> [Claim] {
    do {
      let file = try ReadableFile(path: path)
      guard file.size <= Claim.sizeLimit else {
        throw Failure(
          sentence: "\(path): expected claims of at most \(Claim.sizeLimit) bytes, found \(file.size)")
      }
      let bytes = try file.bytes(at: 0, count: file.size)
      do { return try Claim.parse(bytes) } catch { throw Failure(sentence: "\(path): \(error)") }
    } catch let failure as Failure {
      throw failure
    } catch { throw Failure(sentence: "\(error)") }
  }

  /// The policy of each claim: a preset, a file beside the claims, or what takes the place of none.
  static func policies(
    of claims: [Claim], beside path: String, else planned: CountingPolicy
  ) throws(Failure) -> [CountingPolicy] {
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

  /// Every rule under which a claim might hold: the presets, and those that were named.
  static func others(_ named: [CountingPolicy]) throws(Failure) -> [CountingPolicy] {
    var others: [CountingPolicy] = []
    do {
      for preset in PolicyPreset.general { others.append(try PolicyPreset.policy(named: preset.rawValue)) }
    } catch { throw Failure(sentence: "\(error)") }
    for policy in named where !others.contains(where: { $0.digest == policy.digest }) {
      others.append(policy)
    }
    return others
  }
}

extension PolicyFile {
  /// The preset of this name, or the policy in a file whose path is seen from the folder of another file.
  static func read(_ name: String, beside path: String) throws(Failure) -> CountingPolicy {
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
      separator: "/")
    let isPath = PolicyPreset(rawValue: name) == nil && name.contains(where: { "/.".contains($0) })
    guard isPath, !name.hasPrefix("/"), !folder.isEmpty || path.hasPrefix("/") else { return try read(name) }
    return try read("\(folder)/\(name)")
  }
}
