internal import HDF5Kit

/// The two forms of Keras's HDF5 files.
enum KerasForm {
  /// Attributes list the layers and their weights. A whole model has them in the group `model_weights`, else the root has
  /// them.
  case listed(root: String)
  /// The form of Keras 3: a layer's variables are the datasets `0`, `1`, … of a group `vars`.
  case numbered

  /// nil for a file of another program.
  init?(of file: HDF5File) {
    func object(_ name: HDF5Name, in group: HDF5Group) -> HDF5Group? {
      guard let object = try? group.object(name), case .group(let found) = object else { return nil }
      return found
    }
    func isListed(_ group: HDF5Group) -> Bool {
      guard let names = try? group.attributes().map(\.name.description) else { return false }
      return names.contains(KerasAttributes.layers) || names.contains(KerasAttributes.layers + "0")
    }
    // Keras stores a group of variables for the model itself, with its name since 3.0.
    func isNamed(_ group: HDF5Group) -> Bool {
      (try? group.attributes())?.contains { $0.name == "name" } == true
    }
    func hasVariables(_ root: HDF5Group) -> Bool {
      guard let links = try? root.links() else { return false }
      return links.prefix(64).contains { link in
        guard link.name != "vars", let child = try? root.object(link), case .group(let group) = child else {
          return false
        }
        return link.name == "layers" || object("vars", in: group) != nil
      }
    }
    if isListed(file.root) {
      self = .listed(root: "")
    } else if let weights = object("model_weights", in: file.root), isListed(weights) {
      self = .listed(root: "model_weights")
    } else if object("_layer_checkpoint_dependencies", in: file.root) != nil
      || object("vars", in: file.root).map({ isNamed($0) || hasVariables(file.root) }) == true
    {
      self = .numbered
    } else {
      return nil
    }
  }
}
