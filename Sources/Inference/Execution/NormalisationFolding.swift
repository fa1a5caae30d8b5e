internal import ONNXGraph

/// BatchNormalization of a convolution's result, folded into its weights: with f = scale / √(var + epsilon), w′ = f · w
/// and b′ = (b − mean) · f + B, for each output channel.
struct NormalisationFolding {
  private let weights: Tensor
  private let bias: Tensor?
  /// scale, B, mean, var
  private let parameters: [Tensor]
  private let epsilon: Double

  /// Returns nil if the nodes are of other kinds, or the model does not contain all of their parameters.
  init?(_ convolution: Node, _ next: Node, _ constants: [String: Tensor], opset: Int) {
    guard next.operation == "BatchNormalization", opset >= 9, next.inputs.count == 5,
      next.inputs[0] == convolution.outputs.first, next.outputs.count == 1, convolution.inputs.count >= 2
    else { return nil }
    if case .int(let mode)? = next.attributes["training_mode"], mode != 0 { return nil }
    switch next.attributes["epsilon"] {
    case nil: epsilon = Double(1e-5 as Float)
    case .float(let number): epsilon = Double(number)
    default: return nil
    }
    let parameters = next.inputs.dropFirst().compactMap { constants[$0] }
    guard let weights = constants[convolution.inputs[1]], weights.type == .float, weights.rank >= 3,
      parameters.count == 4,
      parameters.allSatisfy({ $0.type == .float && $0.shape == [weights.shape[0]] })
    else { return nil }
    self.weights = weights
    self.parameters = parameters
    if convolution.inputs.count > 2, !convolution.inputs[2].isEmpty {
      guard let bias = constants[convolution.inputs[2]], bias.type == .float, bias.shape == [weights.shape[0]]
      else {
        return nil
      }
      self.bias = bias
    } else {
      bias = nil
    }
  }

  /// w′ and b′; nil if memory is short or a value is not finite. The nodes then run one by one.
  func tensors(_ budget: RunBudget) -> (weights: Tensor, bias: Tensor)? {
    let count = weights.shape[0]
    guard let newWeights = try? Tensor(.float, weights.shape, budget),
      let newBias = try? Tensor(.float, [count], budget)
    else { return nil }
    let (from, to, shifts) = (
      weights.values(Float.self), newWeights.values(Float.self), newBias.values(Float.self)
    )
    let numbers = parameters.map { $0.values(Float.self) }
    let each = count == 0 ? 0 : weights.count / count
    for output in 0..<count {
      let factor = Double(numbers[0][output]) / (Double(numbers[3][output]) + epsilon).squareRoot()
      let start = bias.map { Double($0.values(Float.self)[output]) } ?? 0
      let shift = Float((start - Double(numbers[2][output])) * factor + Double(numbers[1][output]))
      guard factor.isFinite, shift.isFinite else { return nil }
      shifts[output] = shift
      for index in (output * each)..<((output + 1) * each) {
        to[index] = Float(Double(from[index]) * factor)
        if !to[index].isFinite { return nil }
      }
    }
    return (newWeights, newBias)
  }
}
