internal import StrictJSON
package import Tensors
package import UnitModel

/// The changes with which the loader of a model builds a sub-network: values of config.json, and the names of tensors
/// with a number in them.
package struct ModelChange: Sendable {
  package private(set) var keys: [ConfigurationChange] = []
  /// The new name of each tensor that gets one.
  package private(set) var names: [TensorName: TensorName] = [:]

  /// What the user should know before the sub-network runs; nil if nothing.
  package internal(set) var note: String?

  /// How loaders learn of widths that differ between layers.
  package enum LayerWidths: Sendable {
    /// They do not, unless the architecture has a list.
    case uniform
    /// By `per_layer_config`.
    case perLayer
  }

  /// - Parameters:
  ///   - whole: the tensors of the whole model.
  ///   - part: the tensors of the sub-network.
  ///   - cuts: how the dimensions of the tensors are cut, by name.
  ///   - isActive: whether the sub-network has the positions of a part.
  ///   - sizes: the values of the whole model's config.json.
  /// - Throws: `PlanningError.notLoadable` if no config.json can describe the sub-network.
  package init(
    from whole: [TensorSpec], to part: [TensorSpec], cuts: [TensorName: [DimensionCut?]],
    isActive: (DimensionPart) -> Bool, sizes: ModelSizes, widths: LayerWidths = .uniform
  ) throws(PlanningError) {
    var extents = try LayerExtents(whole, part)
    if extents.isUnchanged { return }
    let type = sizes.modelType ?? "none"
    guard let architecture = Architecture.of(type: type) else {
      throw .notLoadable("expected a known model_type, found \(TensorName(type).quoted)")
    }
    let names = TensorNames(specs: whole)
    /// The groups that stay whole, with their keys.
    var fixed: [(group: Architecture.Group, key: String)] = []
    var perLayer: [Int: [ConfigurationChange]] = [:]
    for prefix in names.prefixes(of: architecture.marker) {
      if let wrapper = ConfigurationCheck.wrapper(in: prefix) {
        throw .notLoadable(
          "no loader knows names with the prefix '\(wrapper)'; convert the folder again with --root")
      }
      var numbered: [NumberedTensors] = []
      var layers: [Int]?
      for group in architecture.groups where !group.numbered.isEmpty {
        let numbers = try NumberedTensors(group.numbered, of: group.axis, under: prefix, whole, extents)
        try numbers.require(group, prefix, names, cuts, isActive, extents)
        extents.explain(numbers)
        numbered.append(numbers)
        if let stack = group.layers, let (whole, kept) = numbers.axes[group.axis] {
          if kept != whole { try stack.requireKnownLists(sizes) }
          try append(stack.changes(kept, of: whole, sizes, type))
          layers = kept
        }
      }
      // The numbers of layers are a part of the names of experts, so they change last.
      for spec in part {
        let name = numbered.reduce(spec.name) { $1.renamed($0) }
        if name != spec.name { self.names[spec.name] = name }
      }
      for group in architecture.groups {
        let scales = try extents.scales(of: group, under: prefix, names)
        guard let first = scales.first, group.layers == nil else { continue }
        let isWhole = scales.allSatisfy { $0.scale.isOne }
        if let list = try group.widths(scales, sizes, type) {
          if !isWhole { try group.requireSameChannels(names, prefix, cuts, nil, isActive) }
          try append(list)
          continue
        }
        if isWhole {
          if let key = group.widthKey { fixed.append((group, key)) }
          continue
        }
        let heads = try group.headCounts(names, prefix, sizes)
        try group.requireSameChannels(names, prefix, cuts, heads?.counts, isActive)
        if let other = scales.first(where: { !$0.agrees(with: first) }) {
          guard widths == .perLayer, let layers else { throw group.differ(first, other) }
          for scale in scales where !scale.scale.isOne {
            guard let rank = scale.layer.flatMap(layers.firstIndex(of:)) else {
              throw group.differ(first, other)
            }
            perLayer[rank, default: []] += try group.changes(scale.scale, heads, sizes, type)
          }
        } else {
          try append(group.changes(first.scale, heads, sizes, type))
        }
        for scale in scales {
          try group.experts?.require(scale.scale, group, names, prefix, cuts, isActive, sizes, type)
        }
      }
    }
    for (group, key) in fixed where keys.contains(where: { $0.object == group.object && $0.key == key }) {
      throw .notLoadable(
        "group '\(group.name)' stays whole, but a cut changes \(key), which is its width, too")
    }
    try extents.requireExplained()
    if !perLayer.isEmpty { keys.append(Self.perLayer(perLayer)) }
  }

  /// The `per_layer_config` with these changes by layer.
  private static func perLayer(_ layers: [Int: [ConfigurationChange]]) -> ConfigurationChange {
    var object = JSONObject()
    for (layer, changes) in layers.sorted(by: { $0.key < $1.key }) {
      var values = JSONObject()
      for change in changes { values[change.key] = change.value }
      object["\(layer)"] = .object(values)
    }
    let first = layers.values.first?.first
    return ConfigurationChange(
      first?.object, "per_layer_config", .object(object), after: first?.key ?? "model_type")
  }

  private mutating func append(_ changes: [ConfigurationChange]) throws(PlanningError) {
    for change in changes {
      guard let other = keys.first(where: { $0.object == change.object && $0.key == change.key }) else {
        keys.append(change)
        continue
      }
      guard other.value == change.value else {
        throw .notLoadable(
          "\(change.key): expected one number, found \(other.value) and \(change.value)")
      }
    }
  }
}
