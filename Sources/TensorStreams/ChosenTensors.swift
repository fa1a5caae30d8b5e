package import Tensors

/// Some tensors of a source, under given names.
package struct ChosenTensors: TensorSource {
  private let source: any TensorSource
  private let places: [Int]
  package let tensors: [SourceTensor]

  /// - Parameter chosen: the indices of the tensors in the source, with names that must differ.
  package init(_ source: any TensorSource, _ chosen: [(place: Int, name: TensorName)]) throws {
    self.source = source
    places = chosen.map(\.place)
    tensors = try chosen.map { place, name in
      let spec = source.tensors[place].spec
      return SourceTensor(
        spec: name == spec.name ? spec : try TensorSpec(name: name, dtype: spec.dtype, shape: spec.shape),
        tiedTo: nil)
    }
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
