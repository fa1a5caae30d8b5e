internal import Accounting
internal import StrictJSON
internal import Tensors
internal import UnitModel

extension CountReport {
  /// One line for each claim: the result, and the policies under which the claim is true.
  func claimsText(width: Int?) -> String {
    guard let claims else { return "" }
    var result = "\n"
    for checked in claims {
      let claim = checked.claim
      let who = claim.method.isEmpty ? "" : "\(TensorName(claim.method).escaped), "
      let unit = claim.number.isBytes ? "bytes" : "parameters"
      result +=
        "\(checked.holds ? "holds" : "does not hold"): \(who)\(claim.place): claimed \(claim.number.text), "
        + "found \(checked.found.grouped) \(unit) (policy \(checked.policy.id) \(checked.policy.version))\n"
      if !checked.holds {
        result += WrappedList.text(
          "  would hold under: ",
          checked.holdsUnder.isEmpty
            ? ["none of the policies that were tried"] : checked.holdsUnder.map(\.id),
          width: width)
      }
    }
    return result
  }

  var claimsJSON: JSONValue? {
    claims.map { claims in
      .array(
        claims.map { checked in
          let claim = checked.claim
          return object([
            ("method", .string(claim.method)), ("task", claim.network.map { .string($0.task.text) } ?? .null),
            ("level", claim.network.map { JSONValue($0.level.value) } ?? .null),
            ("claimed", .string(claim.number.text)), ("rounding", .string(claim.rounding.rawValue)),
            ("policy", policy(checked.policy)), ("found", JSONValue(checked.found)),
            ("unit", .string(claim.number.isBytes ? "bytes" : "parameters")), ("holds", .bool(checked.holds)),
            ("holds_under", .array(checked.holdsUnder.map(policy))),
          ])
        })
    }
  }

  private func policy(_ policy: CountingPolicy) -> JSONValue {
    object([
      ("id", .string(policy.id)), ("version", JSONValue(policy.version)),
      ("digest", .string(policy.digest.description)),
    ])
  }
}

extension Claim {
  /// The network of the claim, as messages name it.
  package var place: String {
    network.map { "task \($0.task.quoted), level \($0.level)" } ?? "everything stored"
  }
}
