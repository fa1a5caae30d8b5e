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
}

extension Architecture {
  /// The entries for a file of this architecture; nil for other files. Throws `PlanningError.headsDisagree`.
  func rules(for use: ArchitectureUse) throws(PlanningError) -> PresetRules? {
    let prefixes = use.names.prefixes(of: marker)
    if prefixes.isEmpty { return nil }
    var rules = PresetRules()
    for prefix in prefixes {
      // Two encoders in one file have separate axes.
      let axisPrefix = prefixes.count > 1 ? prefix : ""
      rules.words.append(
        "recognised tensors of \(title)" + (prefix.isEmpty ? "" : " under '\(prefix)'") + " (preset \(id))")
      if let remark { rules.words.append(remark) }
      for group in groups where use.groups?.contains(group.name) ?? true {
        try append(group, prefix, axisPrefix, use, to: &rules)
      }
    }
    return rules
  }

  private func append(
    _ group: Group, _ prefix: String, _ axisPrefix: String, _ use: ArchitectureUse,
    to rules: inout PresetRules
  ) throws(PlanningError) {
    let found = group.tensors.compactMap { tensor in
      use.names.first(prefix + tensor.suffix).map { (prefix + tensor.suffix, tensor.dimensions, $0) }
    }
    guard let query = found.first?.2 else { return }
    if use.sizes != nil, group.heads == nil, group.widthKey == nil, use.groups == nil {
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
    for (pattern, text, spec) in found {
      guard let name = NamePattern(pattern) else { continue }
      let items = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      if spec.shape.count != items.count {
        rules.words.append("'\(pattern)' is left whole: it has \(spec.shape.count) dimensions here")
        continue
      }
      var numbers: [String] = []
      for (item, extent) in zip(items, spec.shape) {
        numbers.append(try counts?.numbers(in: item, extent: extent, of: spec) ?? item)
      }
      let text = numbers.joined(separator: ",")
      let dimensions = try CutOption.dimensions(text, of: text).map { $0.prefixed(axisPrefix) }
      rules.tensors.append(PlanTensor(selector: .match(name), dimensions: dimensions))
    }
  }
}
