internal import StrictJSON
public import Tensors
public import UnitModel

/// The rule behind a number of parameters: a document with an id, a version and a digest, which are reported with it.
public struct CountingPolicy: Hashable, Sendable {
  /// The name: lower-case letters, digits and hyphens.
  public let id: String
  /// The version, from 1; it increases with every change of meaning.
  public let version: Int
  /// The rule in a few words.
  public let title: String
  /// The rule in sentences.
  public let summary: String?
  /// The source of the rule, a paper or a program; nil if the document gives none.
  public let source: String?
  /// The roles that are counted.
  public let roles: Choice<ParameterRole>
  /// The parts of the network that are counted.
  public let parts: Choice<NetworkPart>
  /// The names that are counted, by pattern.
  public let names: Choice<NamePattern>
  /// Roles and parts that the policy assigns to names; the first match counts.
  public let assignments: [RoleAssignment]
  /// The elements of a (task, level) that are counted.
  public let scope: Scope
  /// The heads that belong to a (task, level).
  public let heads: Extent
  /// The stems that belong to a (task, level).
  public let stems: Extent
  /// The factor for every count: a baseline of separate networks counts everything several times.
  public let times: Times
  /// Whether tensors that share their bytes count once or under each of their names.
  public let ties: Ties
  /// The values that count.
  public let density: Density
  /// The meaning of one element.
  public let elements: Elements
  /// The bits of an element, by role; roles without an entry have those of their dtype.
  public let bits: [ParameterRole: Int]
  /// The unit in which bytes are shown.
  public let sizeUnit: SizeUnit
  /// The names that are trained or frozen; nil to count all, trained or not.
  public let trainability: Trainability?
  /// How norms are counted.
  public let norms: Norms
  /// The routed experts that are counted.
  public let experts: Experts
  /// The ratio that is reported with a number.
  public let ratio: Ratio
  /// The sub-networks over which an expectation is taken; nil for none.
  public let selection: SelectionDistribution?
  /// SHA-256 of the document in canonical form; equal digests mean the same rule.
  public let digest: SHA256Digest

  /// The value of `format` in a policy's document.
  public static let format = "tessera.counting-policy/1"

  /// A choice of values: all of them, only some, or all but some.
  public enum Choice<Value: Hashable & Sendable>: Hashable, Sendable {
    /// All.
    case all
    /// Only these.
    case only([Value])
    /// All but these.
    case leaveOut([Value])
  }

  /// Every pattern of names, with its key.
  var patterns: [(key: String, pattern: NamePattern)] {
    var patterns: [(key: String, pattern: NamePattern)] = assignments.map { ("assign", $0.pattern) }
    switch names {
    case .all: break
    case .only(let list): patterns += list.map { ("names.only", $0) }
    case .leaveOut(let list): patterns += list.map { ("names.leave_out", $0) }
    }
    patterns += (trainability?.trained ?? []).map { ("trainable.trained", $0) }
    return patterns + (trainability?.frozen ?? []).map { ("trainable.frozen", $0) }
  }

  /// The role and the part under which the policy counts a tensor.
  func label(_ name: TensorName, _ found: ClassifiedRole) -> ClassifiedRole {
    guard let rule = assignments.first(where: { $0.pattern.match(name.text) != nil }) else { return found }
    return ClassifiedRole(
      rule.role ?? found.role, "assigned by the policy's pattern \(TensorName(rule.pattern.text).quoted)",
      part: rule.part ?? found.part, foldsAway: rule.role == nil ? found.foldsAway : false)
  }

  /// Whether a tensor is counted by itself, whatever it is tied to.
  func counts(_ name: TensorName, _ label: ClassifiedRole) -> Bool {
    guard roles.takes(label.role), parts.takes(label.part) else { return false }
    if norms == .folded, label.foldsAway { return false }
    if let trainability, trainability.isTrained(name, label.role) == false { return false }
    switch names {
    case .all: return true
    case .only(let patterns): return patterns.contains { $0.match(name.text) != nil }
    case .leaveOut(let patterns): return !patterns.contains { $0.match(name.text) != nil }
    }
  }
}

extension CountingPolicy.Choice {
  /// Whether a value is chosen.
  func takes(_ value: Value) -> Bool {
    switch self {
    case .all: true
    case .only(let chosen): chosen.contains(value)
    case .leaveOut(let left): !left.contains(value)
    }
  }
}
