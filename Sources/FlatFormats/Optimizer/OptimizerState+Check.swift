package import Tensors

extension OptimizerState {
  /// Reads a stored state, and compares its names with those of a checkpoint's tensors.
  ///
  /// - Parameters:
  ///   - weights: the names of the model's tensors.
  ///   - own: the names of the state's tensors.
  package init(
    parsing bytes: [UInt8], weights: some Sequence<TensorName>, own: [TensorName]
  ) throws(Unreadable) {
    self = try OptimizerState(parsing: bytes)
    let named = tensors
    guard Set(named) == Set(own), named.count == own.count else {
      throw Unreadable(
        expected: "\(own.count) tensors of the state, each once", found: "\(named.count) names, or others")
    }
    let weights = Set(weights)
    for parameter in parameters {
      guard let name = parameter.name, weights.contains(name) else {
        throw Unreadable(
          expected: "parameters among the tensors", found: parameter.name?.quoted ?? "one without a name")
      }
      let prefix = OptimizerNames.statePrefix + name.text + "."
      if let other = parameter.tensors.first(where: { !$0.text.utf8.starts(with: prefix.utf8) }) {
        throw Unreadable(expected: "the state of \(name.quoted) under its name", found: other.quoted)
      }
    }
  }
}
