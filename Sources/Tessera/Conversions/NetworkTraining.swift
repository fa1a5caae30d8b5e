internal import Conversion
package import FlatFormats
package import TensorStreams
internal import Tensors
package import UnitCheckpoints

/// A sub-network with the state of its optimizer, as far as a file can hold it.
package struct NetworkTraining {
  /// The sub-network with the tensors of the state that are written.
  package let subNetwork: SubNetwork
  /// The state of its parameters; nil if there is none, or if it is not written.
  package let state: OptimizerState?
  /// The parts of the state that are not written.
  package let leftOut: [LeftOut]

  /// - Parameter hasState: whether tensors of the state are written.
  package init(
    _ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint, hasState: Bool, _ kind: FlatFormatKind
  ) throws {
    guard let optimizer = try checkpoint.optimizer() else {
      (self.subNetwork, state, leftOut) = (subNetwork, nil, [])
      return
    }
    guard hasState else {
      self.subNetwork = subNetwork.without(Set(optimizer.numbers))
      state = nil
      leftOut = [LeftOut(optimizer: optimizer)]
      return
    }
    let part = optimizer.part(for: subNetwork, of: checkpoint)
    self.subNetwork = part.subNetwork
    state = part.state
    let uncut = part.without.map { name in
      LeftOut(
        OptimizerNames.statePrefix + name.text,
        "the state of a parameter that is smaller here: a tensor of it has another shape and cannot be cut",
        .apart)
    }
    leftOut = uncut + [LeftOut(settingsOf: optimizer.state, writtenAs: kind)].compactMap(\.self)
  }
}
