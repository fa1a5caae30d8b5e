package import Tensors

/// Some tensors of a source, under given names.
package struct ChosenTensors: TensorSource {
  private let source: any TensorSource
  private let places: [Int]
  package let tensors: [SourceTensor]

  /// - Parameter chosen: the indices of the tensors in the source, with names that must differ.
  package init(_ source: any TensorSource, _ chosen: [(place: Int, name: TensorName)]) {
    self.source = source
    places = chosen.map(\.place)
    tensors = chosen.map { SourceTensor(spec: source.tensors[$0.place].spec.named($0.name), tiedTo: nil) }
  }

  package var path: String { source.path }
  package var leftOut: [LeftOut] { source.leftOut }

  package func reader(of number: Int) throws -> any TensorByteReader {
    guard places.indices.contains(number) else {
      throw TensorStreamError.unknown(path: path, number: number)
    }
    return try source.reader(of: places[number])
  }
}

extension TensorSource {
  /// The tensors that are not an optimizer's state, and the number of the others.
  package var withoutOptimizer: (source: any TensorSource, left: Int) {
    let state = OptimizerNames(tensors.map(\.spec.name))
    if state.members.isEmpty { return (self, 0) }
    let rest = state.others(of: tensors.count).map { ($0, tensors[$0].spec.name) }
    return (ChosenTensors(self, rest), state.members.count)
  }
}
