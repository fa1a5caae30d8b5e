package import Tensors

extension OptimizerState {
  /// The reason why a stored state is not about these tensors, as an expected and a found value; nil if it is.
  ///
  /// - Parameters:
  ///   - weights: the names of the model's tensors.
  ///   - own: the names of the state's tensors.
  package func disagreement(
    weights: some Sequence<TensorName>, own: [TensorName]
  ) -> (expected: String, found: String)? {
    let named = tensors
    guard Set(named) == Set(own), named.count == own.count else {
      return ("\(own.count) tensors of the state, each once", "\(named.count) names, or others")
    }
    let weights = Set(weights)
    for parameter in parameters {
      guard let name = parameter.name, weights.contains(name) else {
        return ("parameters among the tensors", parameter.name?.quoted ?? "one without a name")
      }
      let prefix = OptimizerNames.statePrefix + name.text + "."
      if let other = parameter.tensors.first(where: { !$0.text.utf8.starts(with: prefix.utf8) }) {
        return ("the state of \(name.quoted) under its name", other.quoted)
      }
    }
    return nil
  }
}
