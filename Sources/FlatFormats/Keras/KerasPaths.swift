internal import ByteFiles
internal import HDF5Kit
internal import Tensors

/// Paths in the form of Keras 3.
enum KerasPaths {
  /// Whether all names are paths of layers' variables.
  static func areNumbered(_ specs: [TensorSpec]) -> Bool { specs.allSatisfy { isNumbered($0.name.text) } }

  /// Whether a name is the path of a layer's variable: `layers/dense/vars/0`.
  static func isNumbered(_ name: String) -> Bool {
    let steps = SystemPath.components(name)
    return steps.count >= 2 && steps[steps.count - 2] == "vars" && steps.allSatisfy { !$0.isEmpty }
      && steps[steps.count - 1].allSatisfy { ("0"..."9").contains($0) }
  }
}

extension FlatFormats {
  /// Whether a file is one of Keras's older form under a name for which Keras expects the form of Keras 3.
  package static func needsOlderLoader(_ path: String) -> Bool {
    guard path.lowercased().hasSuffix(".weights.h5"),
      let file = try? ReadableFile(path: path, isInput: false), let opened = try? HDF5File(file)
    else { return false }
    if case .listed? = KerasForm(of: opened) { return true }
    return false
  }
}
