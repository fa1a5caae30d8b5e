/// Tells stems, shortcuts and heads from the components of a name.
enum PartClassifier {
  /// Components that say nothing when they come first.
  private static let wrappers = WordTable(["module", "model", "net", "network", "state_dict", "backbone"])
  /// Names that mean a head wherever they come, and those that mean one only in front.
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

  /// The part, and the component that says so; nil for the body.
  static func part(of name: NameComponents) -> (part: NetworkPart, component: String)? {
    var components = name.list[...]
    // The last one is what the tensor is in its module, unless it stands alone; TensorFlow numbers it, too.
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
    // The outermost module decides: a stem in a head is the head's.
    for component in components {
      if heads.contains(component) { return (.head, NameComponents.text(component)) }
      if stems.contains(component) { return (.stem, NameComponents.text(component)) }
    }
    return nil
  }
}
