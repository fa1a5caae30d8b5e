package import Tensors

/// Some tensors of a source.
package struct ChosenTensors: TensorSource {
  private let source: any TensorSource
  private let places: [Int]
  package let tensors: [SourceTensor]
  package let sharesTiedBytes: Bool

  /// The tensors under new names, without ties.
  ///
  /// - Parameter chosen: the indices of the tensors in the source, with names that must differ.
  package init(_ source: any TensorSource, _ chosen: [(place: Int, name: TensorName)]) {
    self.source = source
    places = chosen.map(\.place)
    tensors = chosen.map { SourceTensor(spec: source.tensors[$0.place].spec.named($0.name), tiedTo: nil) }
    sharesTiedBytes = false
  }

  /// The tensors under their own names; a tie stays if both of its tensors are among them.
  ///
  /// - Parameter places: the indices of the tensors in the source.
  package init(_ source: any TensorSource, at places: [Int]) {
    self.source = source
    self.places = places
    let names = Set(places.map { source.tensors[$0].spec.name })
    tensors = places.map { place in
      let tensor = source.tensors[place]
      return SourceTensor(
        spec: tensor.spec, tiedTo: tensor.tiedTo.flatMap { names.contains($0) ? $0 : nil })
    }
    sharesTiedBytes = source.sharesTiedBytes
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
    return (ChosenTensors(self, at: state.others(of: tensors.count)), state.members.count)
  }
}
