public import TensorStreams
package import Tensors

/// The state of the optimizer that trained some weights: its tensors, and all its other values.
public struct OptimizerInput: TensorSource {
  /// The tensors, under the names that `state` gives them.
  public let tensors: [SourceTensor]
  /// Everything that is not an element of a tensor.
  package let state: OptimizerState
  /// The names of what the model's source leaves out and this takes along.
  package private(set) var takes: Set<TensorName>
  /// Whether the groups have the order in which the optimizer got its parameters.
  package let hasOrder: Bool
  private let source: any TensorSource

  /// - Parameters:
  ///   - source: the tensors of the state, in any order, under the names that `state` gives them.
  ///   - takes: the names under which the model's source leaves the state out; nil for the place of the state.
  init(
    _ source: any TensorSource, _ state: OptimizerState, takes: Set<TensorName>? = nil, hasOrder: Bool = true
  ) {
    self.source = source
    self.state = state
    self.takes = takes ?? [TensorName(state.place.map(\.text).joined(separator: "."))]
    self.hasOrder = hasOrder
    tensors = source.tensors
  }

  private init(_ input: OptimizerInput, _ state: OptimizerState, _ names: [TensorName: TensorName]) {
    source = input.source
    self.state = state
    (takes, hasOrder) = (input.takes, input.hasOrder)
    tensors = input.tensors.map { tensor in
      SourceTensor(
        spec: tensor.spec.named(names[tensor.spec.name] ?? tensor.spec.name),
        tiedTo: tensor.tiedTo.map { names[$0] ?? $0 })
    }
  }

  /// The path of the file.
  public var path: String { source.path }
  /// Whether tied tensors are stored once.
  public var sharesTiedBytes: Bool { source.sharesTiedBytes }

  /// The bytes of tensor `number`.
  public func reader(of number: Int) throws -> any TensorByteReader { try source.reader(of: number) }

  /// The same state for parameters of these names, with tensors that are named after them.
  ///
  /// - Parameter names: the tensors of the model that the parameters are, in the order of `state.parameters`.
  package func naming(_ names: [TensorName]) -> OptimizerInput {
    let flat = state.flatNames(names)
    var renamed = state.renaming(flat)
    for (place, name) in names.enumerated() where renamed.parameters.indices.contains(place) {
      renamed.parameters[place].name = name
    }
    return OptimizerInput(self, renamed, flat)
  }

  /// The same state, which also takes along what the model's source leaves out under this name.
  package func taking(_ name: TensorName) -> OptimizerInput {
    var input = self
    input.takes.insert(name)
    return input
  }

  /// The same state with another path to the model's state dict.
  func beside(model place: [String]) -> OptimizerInput {
    var state = state
    state.modelPlace = place
    return OptimizerInput(self, state, [:])
  }
}
