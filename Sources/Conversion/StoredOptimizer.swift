package import FlatFormats
internal import TensorStreams
package import Tensors
package import UnitCheckpoints

/// The state of an optimizer in a checkpoint: the numbers of its tensors, and everything else.
package struct StoredOptimizer: Sendable {
  package let state: OptimizerState
  /// The numbers of its tensors in the checkpoint.
  package let numbers: Range<Int>

  /// The state of a sub-network's parameters.
  package struct Part {
    /// The sub-network without tensors of the state that cannot follow its parameters.
    package let subNetwork: SubNetwork
    package let state: OptimizerState
    /// The parameters that are smaller than those of the whole network and have no state.
    package let without: [TensorName]
  }

  /// The state of the parameters of a sub-network, with the sub-network's names.
  ///
  /// A parameter that is smaller in the sub-network loses its state if a tensor of the state cannot be made smaller: one
  /// whose shape is not the parameter's.
  package func part(for subNetwork: SubNetwork, of checkpoint: UnitCheckpoint) -> Part {
    let specs = checkpoint.tensors.map(\.spec)
    let numbersOfNames = checkpoint.places
    let own = Dictionary(
      subNetwork.tensors.map { ($0.number, $0.spec) }, uniquingKeysWith: { first, _ in first })
    var names: [TensorName: TensorName] = [:]
    var tensors: [TensorName: TensorName] = [:]
    var without: [TensorName] = []
    var dropped = Set(numbers)
    for parameter in state.parameters {
      guard let name = parameter.name, let number = numbersOfNames[name], let dense = own[number] else {
        continue
      }
      names[name] = dense.name
      let state = parameter.tensors.compactMap { numbersOfNames[$0] }
      let cannotFollow = state.contains { place in
        OptimizerNames.isForeign(specs[place], of: specs[number])
          && (dense.shape != specs[number].shape || specs[place].elementCount > specs[number].elementCount)
      }
      if cannotFollow {
        without.append(dense.name)
        continue
      }
      for place in state {
        guard let spec = own[place] else { continue }
        tensors[specs[place].name] = spec.name
        dropped.remove(place)
      }
    }
    for name in state.settingTensors {
      guard let place = numbersOfNames[name], let spec = own[place] else { continue }
      tensors[name] = spec.name
      dropped.remove(place)
    }
    return Part(
      subNetwork: subNetwork.without(dropped), state: state.part(names: names, tensors: tensors),
      without: without)
  }
}

extension UnitCheckpoint {
  /// The state of the optimizer that trained the first input; nil if none was kept.
  ///
  /// Throws if the record names tensors that the checkpoint does not have.
  package func optimizer() throws(CheckpointError) -> StoredOptimizer? {
    let record = try sourceRecord()
    guard let stored = record.optimizer, let numbers = record.optimizerTensors else { return nil }
    func broken(_ expected: String, _ found: String) -> CheckpointError {
      .broken(
        .source, path: path, place: "/tessera/headers/\(stored.header)", expected: expected, found: found)
    }
    let header = try headers()[stored.header]
    do throws(OptimizerState.Unreadable) {
      let state = try OptimizerState(
        parsing: header, weights: index.tensors[..<numbers.lowerBound].lazy.map(\.spec.name),
        own: index.tensors[numbers].map(\.spec.name))
      return StoredOptimizer(state: state, numbers: numbers)
    } catch { throw broken(error.expected, error.found) }
  }
}
