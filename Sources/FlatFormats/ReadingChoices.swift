public import Tensors

/// The user's answers to questions about a file that its bytes leave open.
public struct ReadingChoices: Sendable {
  /// The dtype of elements whose own dtype only gives a width: NumPy writes BF16 and FP8 as `|V2`, `|V1`.
  public var assumeDType: DType?
  /// The names of tensors in the files of Keras.
  public var names: Names

  /// The names that a file of Keras offers.
  public enum Names: String, CaseIterable, Sendable {
    /// Those of layers and variables, as the file or the model's configuration gives them: `conv/kernel`.
    case layers
    /// The paths in the file, which Keras makes of classes and counters: `layers/conv2d_1/vars/0`.
    case paths
  }

  /// No dtype, and the names of layers, if nothing else is said.
  public init(assumeDType: DType? = nil, names: Names = .layers) {
    self.assumeDType = assumeDType
    self.names = names
  }
}
