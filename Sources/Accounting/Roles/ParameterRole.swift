/// The purpose of a tensor, as far as a graph, names, shapes and a plan show it. Policies and reports use the raw
/// value.
public enum ParameterRole: String, Hashable, Sendable, CaseIterable {
  /// The weights of a convolution or a linear layer.
  case weight
  /// A table of embeddings, including learned positions.
  case embedding
  /// The bias of a convolution or a linear layer.
  case bias
  /// Scale and shift of a norm.
  case normAffine = "norm-affine"
  /// Running mean and variance of a norm.
  case normStatistics = "norm-statistics"
  /// A number of steps or batches.
  case counter
  /// A tensor that training does not change, such as rotary frequencies, positions or integers.
  case buffer
  /// A tensor that chooses units, experts or blocks: a router, a gate, the logits of a search.
  case selector
  /// A mask or an owner map: it shows which elements of another tensor are used.
  case mask
  /// An assignment kept as a tensor: indices of tasks, widths, levels.
  case assignment
  /// The bookkeeping of quantised weights: scales, zero points, shapes, orders.
  case quantisation
  /// A matrix that makes a smaller kernel from a larger one.
  case kernelTransform = "kernel-transform"
  /// The state of training: moments of an optimizer, a moving average of the weights.
  case optimizerState = "optimizer-state"
  /// A tensor whose role names and shapes do not show.
  case other

  /// Whether training can change such elements: false if never, nil if it depends on the model.
  public var isTrainable: Bool? {
    switch self {
    case .weight, .embedding, .bias, .normAffine, .selector, .kernelTransform, .other: nil
    case .normStatistics, .counter, .buffer, .mask, .assignment, .quantisation, .optimizerState: false
    }
  }
}

/// The part of the network that a tensor belongs to. Part and role together decide how an element is counted: the bias
/// of a head, the norm of a stem.
///
/// They are two labels because a head has a weight and a bias, and a policy may need them separately.
public enum NetworkPart: String, Hashable, Sendable, CaseIterable {
  /// The layers between stem and head.
  case body
  /// The first layers, which see the input.
  case stem
  /// The projection on a residual shortcut.
  case shortcut
  /// The last layers, which give the outputs.
  case head
}

/// The role and the part of a tensor, with the reason.
public struct ClassifiedRole: Hashable, Sendable {
  /// The tensor's purpose.
  public let role: ParameterRole
  /// The tensor's part of the network.
  public let part: NetworkPart
  /// The reason for both, in words that `count` prints.
  public let reason: String
  /// Whether folding a norm into the layer before it removes these elements: true for scale and statistics, not for the
  /// shift.
  public let foldsAway: Bool

  /// A role with its reason; by default in the body of the network.
  public init(
    _ role: ParameterRole, _ reason: String, part: NetworkPart = .body, foldsAway: Bool = false
  ) {
    self.role = role
    self.part = part
    self.reason = reason
    self.foldsAway = foldsAway
  }
}
