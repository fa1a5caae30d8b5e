/// What a tensor is for, as far as names and shapes tell. The raw value is how policies and reports spell it.
public enum ParameterRole: String, Hashable, Sendable, CaseIterable {
  /// The weights of a convolution or a linear layer.
  case weight
  /// A table of embeddings, learned positions among them.
  case embedding
  /// The bias of a convolution or a linear layer.
  case bias
  /// Scale and shift of a norm.
  case normAffine = "norm-affine"
  /// Running mean and variance of a norm.
  case normStatistics = "norm-statistics"
  /// A number of steps or batches.
  case counter
  /// Whatever names and shapes do not tell.
  case other
}

/// The role of a tensor, and why it has it.
public struct ClassifiedRole: Hashable, Sendable {
  /// The role.
  public let role: ParameterRole
  /// What gave it away, in words.
  public let reason: String

  /// A role with its reason.
  public init(_ role: ParameterRole, _ reason: String) {
    self.role = role
    self.reason = reason
  }
}
