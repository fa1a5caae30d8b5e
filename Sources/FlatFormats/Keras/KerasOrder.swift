internal import ByteFiles
internal import TensorStreams
public import Tensors

/// How Keras finds the variables of a file again.
public enum KerasOrder: Sendable {
  /// By their place in lists of layers and weights, in the order of the tensors.
  case listed
  /// By paths of classes and counters. For each name its path, and for each group of variables the name of its layer.
  case paths([TensorName: TensorName], layers: [TensorName: String])

  /// The place of each tensor in the lists of the older form, if tensors came in no order of Keras; nil if the order of a
  /// layer's variables is not known.
  ///
  /// - Parameter unknown: receives the first tensor whose place is not known.
  static func places(
    of specs: [TensorSpec], unknown: (TensorSpec) -> Void
  ) -> [Int]? {
    var layers: [TensorName: [Int]] = [:]
    var order: [TensorName] = []
    for (place, spec) in specs.enumerated() {
      let layer = TensorName(SystemPath.components(spec.name.text)[0])
      if layers[layer] == nil { order.append(layer) }
      layers[layer, default: []].append(place)
    }
    var places: [Int] = []
    for layer in order {
      let members = layers[layer] ?? []
      if members.count > 1 {
        var ranked: [(rank: Int, place: Int)] = []
        for place in members {
          let steps = SystemPath.components(specs[place].name.text)
          guard steps.count == 2, let rank = KerasNames.order.firstIndex(of: steps[1]) else {
            unknown(specs[place])
            return nil
          }
          ranked.append((rank, place))
        }
        places += ranked.sorted { $0.rank < $1.rank }.map(\.place)
      } else {
        places += members
      }
    }
    return places
  }
}

extension FlatFormats {
  /// How Keras finds the variables of a source again; nil for the files of other programs.
  package static func kerasOrder(of source: any FlatWeightsSource) -> KerasOrder? {
    (source as? HDF5Source)?.kerasOrder
  }

  /// How Keras finds the variables of a stored file again; nil for the files of other programs.
  package static func kerasOrder(
    of files: [HollowFile], path: String
  ) throws(FlatFormatError) -> KerasOrder? {
    guard files.count == 1, let file = files.first else { return nil }
    let sparse = try asFlatFormat { () throws(FileError) in try file.sparse(as: path) }
    return kerasOrder(of: try open(sparse, as: .keras))
  }
}

extension HDF5Source {
  /// How Keras finds the variables again; nil for the files of other programs.
  fileprivate var kerasOrder: KerasOrder? {
    guard kind == .keras else { return nil }
    guard KerasPaths.areNumbered(entries.map(\.spec)) else { return .listed }
    return .paths(
      Dictionary(
        zip(tensors, entries).map { ($0.spec.name, $1.spec.name) }, uniquingKeysWith: { first, _ in first }),
      layers: layerNames)
  }
}
