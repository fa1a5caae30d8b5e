internal import StrictJSON
public import Tensors
public import UnitModel

/// What a number of parameters counts: a document with an id, a version and a digest that stand beside the number.
public struct CountingPolicy: Hashable, Sendable {
  /// The name: lower-case letters, digits and hyphens.
  public let id: String
  /// Rises with every change of meaning, from 1.
  public let version: Int
  /// The rule in a few words.
  public let title: String
  /// The rule in sentences.
  public let summary: String?
  /// Where the rule comes from: a paper, a program; nil when the document does not say.
  public let source: String?
  /// Which roles are counted.
  public let roles: Choice<ParameterRole>
  /// Which parts of the network are counted.
  public let parts: Choice<NetworkPart>
  /// Which names are counted, by pattern.
  public let names: Choice<NamePattern>
  /// Roles and parts that the policy gives to names itself; the first that matches counts.
  public let assignments: [RoleAssignment]
  /// Which of the elements of a (task, level) are counted.
  public let scope: Scope
  /// Which heads belong to a (task, level).
  public let heads: Extent
  /// Which stems belong to a (task, level).
  public let stems: Extent
  /// How often everything is counted: a baseline of separate networks has all of it several times.
  public let times: Times
  /// Whether tensors that share their bytes count once or under each of their names.
  public let ties: Ties
  /// Which values count.
  public let density: Density
  /// What one element is.
  public let elements: Elements
  /// Bits that an element of a role takes; roles without an entry take those of their dtype.
  public let bits: [ParameterRole: Int]
  /// The unit in which people read the bytes.
  public let sizeUnit: SizeUnit
  /// What is said about training; nil counts whether trained or not.
  public let trainability: Trainability?
  /// How norms are counted.
  public let norms: Norms
  /// Which routed experts are counted.
  public let experts: Experts
  /// The ratio that stands beside a number.
  public let ratio: Ratio
  /// The virtual networks over which an expectation is taken; nil for none.
  public let selection: SelectionDistribution?
  /// SHA-256 of the document in canonical form; says that two numbers were made by the same rule.
  public let digest: SHA256Digest

  /// The format that a policy's document names.
  public static let format = "tessera.counting-policy/1"

  /// A choice among values: all of them, only some, or all but some.
  public enum Choice<Value: Hashable & Sendable>: Hashable, Sendable {
    /// All.
    case all
    /// Only these.
    case only([Value])
    /// All but these.
    case leaveOut([Value])
  }

  /// Every pattern of names, with the key under which it stands.
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
      rule.role ?? found.role, "the policy says so: \(TensorName(rule.pattern.text).quoted)",
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
