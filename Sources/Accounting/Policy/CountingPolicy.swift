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
  /// The roles that are counted; by default all.
  public let roles: Choice<ParameterRole>
  /// The parts of the network that are counted; by default all.
  public let parts: Choice<NetworkPart>
  /// Patterns of the names that are counted; by default all names.
  public let names: Choice<NamePattern>
  /// Roles and parts that the policy assigns to names. For each name the first match applies.
  public let assignments: [RoleAssignment]
  /// Which elements count for a (task, level); by default those that it uses.
  public let scope: Scope
  /// Which heads count for a (task, level).
  public let heads: Extent
  /// Which stems count for a (task, level).
  public let stems: Extent
  /// The factor for every count: a baseline of separate networks counts everything several times.
  public let times: Times
  /// Whether tensors that share their bytes count once, once for each name, or once for each task.
  public let ties: Ties
  /// Which values count: all, those that masks keep, or those that are not zero.
  public let density: Density
  /// Whether an element is a weight, or a container that may hold several weights.
  public let elements: Elements
  /// The bits of an element, by role. A role without an entry has the bits of its tensors' dtypes.
  public let bits: [ParameterRole: Int]
  /// The unit in which bytes are shown.
  public let sizeUnit: SizeUnit
  /// Patterns of trained and frozen names; nil if the policy does not ask whether elements are trained.
  public let trainability: Trainability?
  /// Whether norms count as they are stored, or as after folding.
  public let norms: Norms
  /// Whether all routed experts count, or only the active ones.
  public let experts: Experts
  /// The ratio that is reported with a number.
  public let ratio: Ratio
  /// The sub-networks and weights of an expectation; nil if the policy has none.
  public let selection: SelectionDistribution?
  /// SHA-256 of the document in canonical form; equal digests mean the same rule.
  public let digest: SHA256Digest

  /// The text that `format` must have in a policy's document.
  public static let format = "tessera.counting-policy/1"

  /// A selection from a set of roles, parts or patterns.
  public enum Choice<Value: Hashable & Sendable>: Hashable, Sendable {
    /// Every value.
    case all
    /// The values of this list.
    case only([Value])
    /// Every value except those of this list.
    case leaveOut([Value])
  }

  /// Every pattern of names, with its key in the document.
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

  /// Whether a tensor is counted, without regard to tensors that it is tied to.
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
  /// Whether the choice includes a value.
  func takes(_ value: Value) -> Bool {
    switch self {
    case .all: true
    case .only(let chosen): chosen.contains(value)
    case .leaveOut(let left): !left.contains(value)
    }
  }
}
