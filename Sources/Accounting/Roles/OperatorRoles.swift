internal import Tensors

/// The use of a tensor by an operator of a graph.
public struct OperatorUse: Hashable, Sendable {
  /// The operator's ONNX name.
  public let operation: String
  /// The number of the input, from 0.
  public let input: Int
  /// The operator that computes the other one of two inputs; nil if no node computes it.
  public let beside: String?
  /// The node's name in messages.
  public let node: String
  /// The number of elements that the node gives for a packed tensor; nil if the tensor is not packed.
  public let elements: Int?

  /// A use; `elements` is only for packed tensors.
  public init(operation: String, input: Int, beside: String?, node: String, elements: Int? = nil) {
    self.elements = elements
    self.operation = operation
    self.input = input
    self.beside = beside
    self.node = node
  }
}

/// Roles from the definitions of ONNX's operators: each input has its own meaning.
enum OperatorRoles {
  /// The role of a tensor of this rank with this use; nil if the operator accepts values of any meaning.
  static func role(of use: OperatorUse, rank: Int) -> ClassifiedRole? {
    let reason = "input \(use.input) of \(use.node)"
    switch (use.operation, use.input) {
    case ("Conv", 1), ("ConvTranspose", 1), ("Gemm", 0), ("Gemm", 1), ("LSTM", 1), ("LSTM", 2), ("GRU", 1),
      ("GRU", 2), ("RNN", 1), ("RNN", 2):
      return ClassifiedRole(.weight, reason)
    case ("MatMul", _) where rank >= 2, ("Einsum", _) where rank >= 2, ("LSTM", 7):
      return ClassifiedRole(.weight, reason)
    case ("Conv", 2), ("ConvTranspose", 2), ("Gemm", 2), ("LSTM", 3), ("GRU", 3), ("RNN", 3):
      return ClassifiedRole(.bias, reason)
    case ("Add", _) where rank <= 1 && products.contains(use.beside ?? ""):
      return ClassifiedRole(.bias, "\(reason), after \(use.beside ?? "")")
    case ("BatchNormalization", 1): return ClassifiedRole(.normAffine, reason, foldsAway: true)
    case ("BatchNormalization", 2): return ClassifiedRole(.normAffine, reason)
    case ("BatchNormalization", 3), ("BatchNormalization", 4):
      return ClassifiedRole(.normStatistics, reason, foldsAway: true)
    case ("InstanceNormalization", 1...2), ("GroupNormalization", 1...2), ("LayerNormalization", 1...2),
      ("RMSNormalization", 1):
      // The moments of these norms come from their inputs, so they cannot be folded into a layer.
      return ClassifiedRole(.normAffine, reason)
    case ("Gather", 0) where rank == 2: return ClassifiedRole(.embedding, reason)
    case ("com.microsoft.MatMulNBits", 1): return ClassifiedRole(.weight, reason)
    case ("com.microsoft.GatherBlockQuantized", 0): return ClassifiedRole(.embedding, reason)
    case ("com.microsoft.MatMulNBits", 2...4), ("com.microsoft.GatherBlockQuantized", 2...3):
      return ClassifiedRole(.quantisation, reason)
    case ("com.microsoft.MatMulNBits", 5): return ClassifiedRole(.bias, reason)
    case ("QuantizeLinear", 1...2), ("DequantizeLinear", 1...2): return ClassifiedRole(.quantisation, reason)
    default: return nil
    }
  }

  private static let products: Set<String> = ["MatMul", "Gemm", "Conv", "ConvTranspose", "Einsum"]
}
