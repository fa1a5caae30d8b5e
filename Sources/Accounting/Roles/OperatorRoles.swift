internal import Tensors

/// What the operator that uses a tensor makes of it; from a graph, by whoever has one.
public struct OperatorUse: Hashable, Sendable {
  /// The operator, as ONNX calls it.
  public let operation: String
  /// Which of its inputs the tensor is, from 0.
  public let input: Int
  /// What makes the other input of an operator with two; nil where that is no node.
  public let beside: String?
  /// The node, as a message calls it.
  public let node: String
  /// Elements that the node says are in the tensor, where several are packed into one; nil where each is one.
  public let elements: Int?

  /// A use.
  public init(operation: String, input: Int, beside: String?, node: String, elements: Int? = nil) {
    self.elements = elements
    self.operation = operation
    self.input = input
    self.beside = beside
    self.node = node
  }
}

/// Roles by the definitions of ONNX's operators: the inputs of each have meanings of their own.
enum OperatorRoles {
  /// The role that a use gives a tensor of this rank; nil where the operator takes values of any meaning.
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
      return ClassifiedRole(.bias, "\(reason), behind \(use.beside ?? "")")
    case ("BatchNormalization", 1): return ClassifiedRole(.normAffine, reason, foldsAway: true)
    case ("BatchNormalization", 2): return ClassifiedRole(.normAffine, reason)
    case ("BatchNormalization", 3), ("BatchNormalization", 4):
      return ClassifiedRole(.normStatistics, reason, foldsAway: true)
    case ("InstanceNormalization", 1...2), ("GroupNormalization", 1...2), ("LayerNormalization", 1...2),
      ("RMSNormalization", 1):
      // Their moments come from what they are given, so there is nothing to fold them into.
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
