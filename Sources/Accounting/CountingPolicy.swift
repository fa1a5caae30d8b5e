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
  /// Which roles are counted.
  public let roles: Choice<ParameterRole>
  /// Which names are counted, by pattern.
  public let names: Choice<NamePattern>
  /// Whether tensors that share their bytes count once or under each of their names.
  public let ties: Ties
  /// What one element is.
  public let elements: Elements
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

  /// How tensors that share their bytes are counted.
  public enum Ties: String, Hashable, Sendable, CaseIterable {
    /// Once: the bytes are there once.
    case once
    /// Once for each name.
    case each
  }

  /// What one element is.
  public enum Elements: String, Hashable, Sendable, CaseIterable {
    /// A position of a tensor's shape, whatever holds it.
    case logical
  }

  /// Whether a tensor is counted by itself, whatever it is tied to.
  func counts(_ name: TensorName, _ role: ParameterRole) -> Bool {
    let takesRole =
      switch roles {
      case .all: true
      case .only(let chosen): chosen.contains(role)
      case .leaveOut(let left): !left.contains(role)
      }
    guard takesRole else { return false }
    switch names {
    case .all: return true
    case .only(let patterns): return patterns.contains { $0.match(name.text) != nil }
    case .leaveOut(let patterns): return !patterns.contains { $0.match(name.text) != nil }
    }
  }
}
