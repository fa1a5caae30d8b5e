/// Recognises stems, shortcuts and heads by the components of a name.
enum PartClassifier {
  /// First components of names that show nothing about the part.
  private static let wrappers = WordTable(["module", "model", "net", "network", "state_dict", "backbone"])
  /// Names that mean a head anywhere, and names that mean one only as the first component.
  private static let heads = WordTable([
    "lm_head", "classifier", "classifiers", "dataset2classifiers", "embed_out", "head", "heads",
  ])
  private static let leadingHeads = WordTable(["fc", "linear", "logits", "output", "cls", "predictions"])
  private static let stems = WordTable([
    "stem", "stems", "conv_stem", "bn_stem", "patch_embed", "first_conv", "input_stem", "input_layer",
  ])
  private static let leadingStems = WordTable(["conv1", "bn1"])
  private static let shortcuts = WordTable([
    "downsample", "shortcut", "convshortcut", "proj_shortcut", "skip_connection",
  ])

  /// The part, and the component that shows it; nil for the body.
  static func part(of name: NameComponents) -> (part: NetworkPart, component: String)? {
    var components = name.list[...]
    // The last component names the tensor in its module, unless it is the only component; TensorFlow adds a number.
    if components.count > 1, components.last.map({ $0.elementsEqual("0".utf8) }) == true {
      components.removeLast()
    }
    if components.count > 1 { components.removeLast() }
    while let first = components.first, components.count > 1, wrappers.contains(first) {
      components.removeFirst()
    }
    for component in components where shortcuts.contains(component) {
      return (.shortcut, NameComponents.text(component))
    }
    if let first = components.first {
      if leadingHeads.contains(first) { return (.head, NameComponents.text(first)) }
      if leadingStems.contains(first) { return (.stem, NameComponents.text(first)) }
    }
    // The outermost module decides: a stem inside a head belongs to the head.
    for component in components {
      if heads.contains(component) { return (.head, NameComponents.text(component)) }
      if stems.contains(component) { return (.stem, NameComponents.text(component)) }
    }
    return nil
  }
}
