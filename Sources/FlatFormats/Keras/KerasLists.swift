internal import HDF5Kit
internal import Tensors

/// The weights that attributes list, in Keras's older form: the order of layers and weights, and their names.
enum KerasLists {
  /// A listed weight: its path in the file, and its name.
  struct Weight {
    let path: TensorName
    let name: TensorName
  }

  /// The most weights that are read.
  private static let limit = 4_000_000

  /// - Parameter root: the path of the group with the layers.
  static func weights(of file: HDF5File, root: String) throws(FlatFormatError) -> [Weight] {
    var weights: [(path: String, full: String, short: String)] = []
    let group = try asFlatFormat { () throws(HDF5Error) in try file.group(at: root) }
    let layers = try list(KerasAttributes.layers, of: group, file) ?? []
    var known: Set<TensorName> = []
    // tf.keras stores weights of the model itself in a group that the list of layers leaves out.
    let own = "top_level_model_weights"
    for layer in layers + (layers.contains(own) ? [] : [own]) {
      let path = root.isEmpty ? layer : "\(root)/\(layer)"
      guard known.insert(TensorName(layer)).inserted else {
        throw broken(file, "attribute layer_names", "every layer once", "\(TensorName(layer).quoted) twice")
      }
      let object: HDF5Object
      do throws(HDF5Error) { object = try file.object(at: path) } catch {
        guard case .missing = error else { throw FlatFormatError(error) }
        if layer == own { continue }
        throw broken(
          file, "attribute layer_names", "a group for each layer", "none for \(TensorName(layer).quoted)")
      }
      guard case .group(let group) = object else {
        throw broken(file, "layer \(TensorName(layer).quoted)", "a group", object.title)
      }
      for weight in try list(KerasAttributes.weights, of: group, file) ?? [] {
        guard weights.count < limit else {
          throw broken(file, "attribute weight_names", "at most \(limit.grouped) weights", "more")
        }
        let full = "\(layer)/\(weight)"
        weights.append(("\(path)/\(weight)", full, short(layer, weight)))
      }
    }
    let shorts = weights.map { TensorName($0.short) }
    let areUnique = Set(shorts).count == shorts.count
    return weights.indices.map { place in
      Weight(
        path: TensorName(weights[place].path),
        name: areUnique ? shorts[place] : TensorName(weights[place].full))
    }
  }

  /// The layer's name and that of the weight. The second often repeats the first, after the names of models around it, and
  /// ends in TensorFlow's `:0`.
  private static func short(_ layer: String, _ weight: String) -> String {
    let plain = weight.hasSuffix(":0") ? String(weight.dropLast(2)) : weight
    if plain.hasPrefix(layer + "/") || plain == layer { return plain }
    if let place = plain.firstRange(of: "/\(layer)/") {
      return String(plain[place.lowerBound...].dropFirst())
    }
    // TensorFlow numbers a name that it has met before: `conv2d_1_1/kernel` of the layer `conv2d_1`.
    let steps = plain.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    if steps.count == 2, steps[0].hasPrefix(layer + "_"),
      steps[0].dropFirst(layer.count + 1).allSatisfy({ ("0"..."9").contains($0) })
    {
      return "\(layer)/\(steps[1])"
    }
    return "\(layer)/\(plain)"
  }

  private static func list(
    _ name: String, of group: HDF5Group, _ file: HDF5File
  ) throws(FlatFormatError) -> [String]? {
    do throws(HDF5Error) { return try KerasAttributes.list(name, of: group) } catch {
      guard case .mismatch(_, let path, let expected, let found) = error else { throw FlatFormatError(error) }
      throw broken(file, path, expected, found)
    }
  }

  static func broken(
    _ file: HDF5File, _ place: String, _ expected: String, _ found: String
  ) -> FlatFormatError {
    .refused(.kerasLayers, path: file.name, place: place, expected: expected, found: found)
  }
}
