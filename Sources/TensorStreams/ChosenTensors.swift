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
