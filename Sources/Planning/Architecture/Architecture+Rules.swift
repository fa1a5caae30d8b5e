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

/// The heads of a file's attention layers. Several query heads may share a key head. Such a group cannot be divided, so
/// the axis counts key heads.
private struct HeadCounts {
  let queries: Int
  let keys: Int
  let words: String

  enum Finding {
    case known(HeadCounts)
    /// The reason why attention stays whole.
    case whole(String)
  }

  static func of(
    _ heads: Architecture.Heads, _ group: Architecture.Group, _ prefix: String, query: TensorSpec,
    _ use: ArchitectureUse
  ) throws(PlanningError) -> Finding {
    // A norm over all heads mixes their channels; a norm over each head does not.
    if let name = heads.norm, let norm = use.names.first(prefix + name),
      norm.shape.elementsEqual(query.shape.prefix(1))
    {
      return .whole("\(norm.name.quoted) is a norm over all heads")
    }
    if use.sizes != nil, !heads.loads, use.groups == nil {
      return .whole(
        "its loaders compute the width of a head from the number of heads, so they would run another network; "
          + "--cut \(group.name) cuts it")
    }
    func size(_ key: String?) -> Int? { key.flatMap { use.sizes?[$0, in: group.object] } }
    guard let count = use.heads ?? size(heads.countKey) else {
      return .whole("shapes do not show the number of heads; give --heads")
    }
    func disagreement(_ tensor: TensorSpec, _ channels: Int) -> PlanningError {
      .headsDisagree(tensor: tensor.name.text, heads: count, channels: channels)
    }
    guard count >= 1 else { throw disagreement(query, query.shape.first ?? 0) }
    guard let keyName = heads.key, let key = use.names.first(prefix + keyName), let rows = key.shape.first
    else {
      let keys = size(heads.keyCountKey) ?? count
      guard keys >= 1, count % keys == 0 else { throw disagreement(query, query.shape.first ?? 0) }
      return .known(HeadCounts(queries: count, keys: keys, words: words(count, keys)))
    }
    let channels = query.shape.first ?? 0
    guard channels > 0, channels % count == 0 else { throw disagreement(query, channels) }
    let width = channels / count
    guard rows > 0, rows % width == 0, count % (rows / width) == 0 else {
      throw disagreement(query, channels)
    }
    return .known(HeadCounts(queries: count, keys: rows / width, words: words(count, rows / width)))
  }

  private static func words(_ queries: Int, _ keys: Int) -> String {
    queries == keys
      ? "heads: \(queries), each kept whole" : "heads: \(queries) query heads, \(keys) key and value heads"
  }

  /// A dimension with numbers for `?`, Q and K.
  func numbers(in item: String, extent: Int, of spec: TensorSpec) throws(PlanningError) -> String {
    func count(_ letter: Character) -> Int { item.count { $0 == letter } }
    let disagreement = PlanningError.headsDisagree(tensor: spec.name.text, heads: queries, channels: extent)
    if item.contains("?") {
      let outer = item.split(separator: "*").first.flatMap { Int($0) } ?? 1
      guard extent > 0, extent % (outer * keys) == 0 else { throw disagreement }
      return item.replacing("?", with: "\(extent / (outer * keys))")
    }
    let heads = count("Q") * queries + count("K") * keys
    if heads == 0 { return item }
    guard extent > 0, extent % heads == 0 else { throw disagreement }
    let width = extent / heads
    return item.replacing("Q", with: "\(width * (queries / keys))").replacing("K", with: "\(width)")
  }
}
