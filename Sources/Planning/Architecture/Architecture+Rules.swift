internal import Tensors
internal import UnitModel

/// What an architecture is applied to.
struct ArchitectureUse {
  let names: TensorNames
  /// The numbers of config.json, if there is one beside the weights.
  let sizes: ModelSizes?
  /// The number of query heads that the user gives.
  let heads: Int?
  /// The names of the groups to cut; nil for all that can be loaded when cut.
  let groups: [String]?
  /// The layers that only the last unit has.
  var skippedLayers: [Int] = []
  var unitCount = 1
}

extension Architecture {
  /// The entries for a file of this architecture; nil for other files. Throws `PlanningError.headsDisagree`.
  func rules(for use: ArchitectureUse) throws(PlanningError) -> PresetRules? {
    let prefixes = use.names.prefixes(of: marker)
    if prefixes.isEmpty { return nil }
    var rules = PresetRules()
    if let extra = use.names.specs.first(where: { TensorNames.isExtra($0.name.text) }) {
      rules.words.append(
        "tensors such as \(extra.name.quoted) predict further tokens: they stay whole, and only loaders that ignore them "
          + "can use a smaller folder, as transformers does")
    }
    for prefix in prefixes {
      // Two encoders in one file have separate axes.
      let axisPrefix = prefixes.count > 1 ? prefix : ""
      rules.words.append(
        "recognised tensors of \(title)" + (prefix.isEmpty ? "" : " under '\(prefix)'") + " (preset \(id))")
      if let remark, use.groups == nil { rules.words.append(remark) }
      let chosen = groups.filter {
        use.groups?.contains($0.name) ?? !$0.isOnRequest || $0.layers != nil && !use.skippedLayers.isEmpty
      }
      for group in chosen { try append(group, prefix, axisPrefix, use, to: &rules) }
      if !use.skippedLayers.isEmpty {
        try rules.axes.append(skipping(use, prefix, axisPrefix))
      }
      for group in chosen {
        if group.isOnRequest { rules.moduleAxes.insert(axisPrefix + group.axis) }
        for pattern in group.numbered where use.names.first(prefix + pattern) != nil {
          rules.number(prefix + pattern, by: AxisName(axisPrefix + group.axis), use.names)
        }
      }
    }
    return rules
  }

  /// The axis of layers, some of which only the last unit has.
  private func skipping(
    _ use: ArchitectureUse, _ prefix: String, _ axisPrefix: String
  ) throws(PlanningError) -> AxisOption {
    let text = use.skippedLayers.map(String.init).joined(separator: ",")
    guard let group = groups.first(where: { $0.layers != nil }),
      let name = NamePattern(axisPrefix + group.axis)
    else {
      throw .badOption(
        option: "--skip-layers", text: text,
        expected: "a model with one stack of layers, and its config.json",
        found: title)
    }
    let count = use.names.count(of: group.numbered, under: prefix)
    guard let last = use.skippedLayers.max(), last < count, use.skippedLayers.count < count else {
      throw .badOption(
        option: "--skip-layers", text: text, expected: "some of the layers 0 to \(count - 1)",
        found: "'\(text)'")
    }
    guard use.unitCount > 1 else {
      throw .badOption(
        option: "--units", text: "1", expected: "at least 2 units for --skip-layers", found: "1")
    }
    let skipped = Set(use.skippedLayers)
    var axis = AxisOption(name: name, size: count)
    axis.common = ChannelRanges.of((0..<count).filter { !skipped.contains($0) }).ranges
    axis.cut = .channels(
      [ChannelRanges](repeating: ChannelRanges(), count: use.unitCount - 1) + [
        ChannelRanges.of(Array(skipped)).ranges
      ])
    return axis
  }

  private func append(
    _ group: Group, _ prefix: String, _ axisPrefix: String, _ use: ArchitectureUse,
    to rules: inout PresetRules
  ) throws(PlanningError) {
    let found = group.tensors.compactMap { tensor in
      use.names.first(prefix + tensor.suffix).map { (prefix + tensor.suffix, tensor.dimensions, $0) }
    }
    guard let query = found.first?.2 else { return }
    if use.sizes != nil, group.heads == nil, !group.isOnRequest, group.widthKey == nil, use.groups == nil {
      rules.words.append(
        "group '\(group.name)' is left whole: no key of config.json gives its width; --cut \(group.name) cuts it"
      )
      return
    }
    var counts: HeadCounts?
    if let heads = group.heads {
      switch try HeadCounts.of(heads, group, prefix, query: query, use) {
      case .whole(let reason):
        let sentence = "attention is left whole: \(reason)"
        if !rules.words.contains(sentence) { rules.words.append(sentence) }
        return
      case .known(let known):
        counts = known
        if let type = use.sizes?.modelType, heads.dividesHidden.contains(type),
          let size = use.sizes?["hidden_size", in: group.object],
          let axis = NamePattern(axisPrefix + group.axis)
        {
          rules.headLimits.append(
            HeadLimit(
              axis: axis, queriesPerKey: known.queries / known.keys, hiddenSize: size, modelType: type))
        }
        if !rules.words.contains(known.words) { rules.words.append(known.words) }
      }
    }
    rules.neutral.formUnion(group.neutral.map { prefix + $0 })
    if !group.readers.isEmpty {
      rules.readers.formUnion(group.readers.map { prefix + $0 })
    } else if !group.isOnRequest, let reader = found.last(where: { $0.2.shape.count > 1 }) {
      rules.readers.insert(reader.0)
    }
    for (pattern, text, spec) in found {
      guard let name = NamePattern(pattern) else { continue }
      let items = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      if spec.shape.count != items.count {
        rules.words.append("'\(pattern)' is left whole: it has \(spec.shape.count) dimensions here")
        continue
      }
      var numbers: [String] = []
      for (item, extent) in zip(items, spec.shape) {
        numbers.append(
          try counts?.numbers(in: item, extent: extent, of: spec)
            ?? item.replacing(
              "?", with: "\(extent / max(1, use.names.count(of: group.numbered, under: prefix)))"))
      }
      let text = numbers.joined(separator: ",")
      let dimensions = try CutOption.dimensions(text, of: text).map { $0.prefixed(axisPrefix) }
      rules.cut(name, dimensions)
    }
  }
}
