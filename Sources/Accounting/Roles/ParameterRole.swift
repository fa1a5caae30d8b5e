/// What a tensor is for, as far as names, shapes and a plan tell. The raw value is how policies and reports spell it.
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
  /// What a model keeps beside its parameters and training does not change: rotary frequencies, positions, whole
  /// numbers.
  case buffer
  /// What chooses among units, experts or blocks: a router, a gate, the logits of a search.
  case selector
  /// Which elements of another tensor are used: a mask, or a map of owners.
  case mask
  /// Who uses what, kept as a tensor: indices of tasks, widths, levels.
  case assignment
  /// The bookkeeping of quantised weights: scales, zero points, shapes, orders.
  case quantisation
  /// What makes a smaller kernel from a larger one.
  case kernelTransform = "kernel-transform"
  /// What training keeps beside the weights: moments of an optimizer, a moving average of the weights.
  case optimizerState = "optimizer-state"
  /// Whatever names and shapes do not tell.
  case other

  /// Whether training can change such elements: false where they are never trained, nil where only their owner knows.
  public var isTrainable: Bool? {
    switch self {
    case .weight, .embedding, .bias, .normAffine, .selector, .kernelTransform, .other: nil
    case .normStatistics, .counter, .buffer, .mask, .assignment, .quantisation, .optimizerState: false
    }
  }
}

/// Where in the network a tensor stands. With the role it says what an element is counted as: the bias of a head, the
/// norm of a stem.
///
/// Place and role are two labels, not one: a head has a weight and a bias, and a policy may want either apart.
public enum NetworkPart: String, Hashable, Sendable, CaseIterable {
  /// The layers between.
  case body
  /// The first layers, which see the input.
  case stem
  /// The projection on a residual shortcut.
  case shortcut
  /// The last layers, which give the answer.
  case head
}

/// The role of a tensor and its place, and why it has them.
public struct ClassifiedRole: Hashable, Sendable {
  /// The role.
  public let role: ParameterRole
  /// The place.
  public let part: NetworkPart
  /// What gave them away, in words.
  public let reason: String
  /// Whether folding a norm into the layer before it takes these elements away: scale and statistics, not the shift.
  public let foldsAway: Bool

  /// A role with its reason.
  public init(
    _ role: ParameterRole, _ reason: String, part: NetworkPart = .body, foldsAway: Bool = false
  ) {
    self.role = role
    self.part = part
    self.reason = reason
    self.foldsAway = foldsAway
  }
}
