internal import StrictJSON
internal import Tensors
internal import UnitModel

extension Architecture.Group {
  func changes(
    _ scale: KeptShare, _ known: (counts: HeadCounts, width: Int)?, _ sizes: ModelSizes, _ type: String
  ) throws(PlanningError) -> [ConfigurationChange] {
    if let experts {
      let known = experts.countKeys.filter { sizes[$0, in: object] != nil }
      guard let channels = scale.channels, !known.isEmpty else {
        throw .notLoadable(
          "expected one of the keys \(experts.countKeys.joined(separator: ", ")), which give the number of experts"
        )
      }
      return known.map { change($0, channels) }
    }
    guard let heads else {
      guard let widthKey, let channels = scale.channels else {
        throw .notLoadable("no key of config.json gives the width of group '\(name)' of \(type)")
      }
      let times = timesKey.flatMap { sizes[$0, in: object] } ?? 1
      guard times > 0, channels % times == 0 else {
        throw .notLoadable(
          "\(widthKey): expected \(times) equal parts of \(channels) channels, found a remainder")
      }
      return [change(widthKey, channels / times)]
    }
    guard let widthKey = heads.widthKey, let countKey = heads.countKey, let (counts, width) = known else {
      throw .notLoadable(
        "loaders of \(type) compute the width of a head from the number of heads, so they would run another network"
      )
    }
    guard let queries = scale.applied(to: counts.queries), let keys = scale.applied(to: counts.keys), keys > 0
    else {
      throw .notLoadable("\(countKey): expected whole heads, found a part of one")
    }
    if heads.dividesHidden.contains(type), let hidden = sizes["hidden_size", in: object],
      hidden % queries != 0
    {
      throw .notLoadable(
        "\(type) can be loaded only with a number of heads that divides hidden_size \(hidden), found \(queries)"
      )
    }
    var changes = [change(countKey, queries)]
    // Loaders have defaults of their own for what config.json does not say.
    if let key = heads.keyCountKey { changes.append(change(key, keys, after: countKey)) }
    if sizes[widthKey, in: object] == nil { changes.append(change(widthKey, width, after: countKey)) }
    return changes
  }

  /// The error of widths that differ between layers.
  func differ(_ first: LayerShare, _ other: LayerShare) -> PlanningError {
    .notLoadable(
      "config.json gives one width for all layers, but tensor \(other.tensor.quoted) keeps \(other.scale.kept) of "
        + "\(other.scale.of), and others \(first.scale.kept) of \(first.scale.of)")
  }

  /// The list of widths of a model that has one, or needs one; nil for other models. It is empty if nothing changes.
  func widths(
    _ scales: [LayerShare], _ sizes: ModelSizes, _ type: String
  ) throws(PlanningError) -> [ConfigurationChange]? {
    guard let widthKey, listTypes.contains(type) else { return nil }
    let list = sizes.list(widthKey, in: object)
    guard list != nil || scales.contains(where: { $0.scale != scales[0].scale }) else { return nil }
    let widths = try scales.sorted { ($0.layer ?? 0) < ($1.layer ?? 0) }.map {
      (scale) throws(PlanningError) in
      guard let channels = scale.scale.channels else {
        throw .notLoadable("no key of config.json gives the width of tensor \(scale.tensor.quoted)")
      }
      return JSONValue(channels)
    }
    return list == widths ? [] : [ConfigurationChange(object, widthKey, .array(widths))]
  }

  private func change(_ key: String, _ value: Int, after anchor: String = "model_type") -> ConfigurationChange
  {
    ConfigurationChange(object, key, JSONValue(value), after: anchor)
  }

  /// The heads of the whole model, and the width of a head; nil if the group has none or config.json does not say.
  func headCounts(
    _ names: TensorNames, _ prefix: String, _ sizes: ModelSizes
  ) throws(PlanningError) -> (counts: HeadCounts, width: Int)? {
    guard let heads, let (suffix, text) = tensors.first(where: { names.first(prefix + $0.suffix) != nil }),
      let query = names.first(prefix + suffix)
    else { return nil }
    if let norm = heads.normOverAll(names, prefix, query) {
      throw .notLoadable(
        "\(norm.name.quoted) is a norm over all heads, so fewer heads compute something else")
    }
    let use = ArchitectureUse(names: names, sizes: sizes, heads: nil, groups: [name])
    let items = text.split(separator: ",").map(String.init)
    guard case .known(let counts) = try HeadCounts.of(heads, self, prefix, query: query, use),
      let place = items.firstIndex(where: { $0 != "-" }), query.shape.indices.contains(place)
    else { return nil }
    return (counts, counts.width(items[place], extent: query.shape[place]))
  }

  /// Checks that every tensor of a layer keeps the same channels, and only whole channels or heads: shapes alone would
  /// also fit other channels.
  func requireSameChannels(
    _ names: TensorNames, _ prefix: String, _ cuts: [TensorName: [DimensionCut?]], _ counts: HeadCounts?,
    _ isActive: (DimensionPart) -> Bool
  ) throws(PlanningError) {
    var known: [String: (tensor: TensorName, kept: [Bool])] = [:]
    for (suffix, text) in tensors {
      guard let pattern = NamePattern(prefix + suffix) else { continue }
      for spec in names.all(prefix + suffix) {
        let captures = pattern.match(spec.name.text)?.components ?? []
        for (place, item) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated()
        where item != "-" {
          guard let cuts = cuts[spec.name], cuts.indices.contains(place), let cut = cuts[place] else {
            continue
          }
          guard let kept = KeptChannels.of(cut, String(item), spec, counts, isActive) else {
            throw .notLoadable(
              "the cut of tensor \(spec.name.quoted) does not keep whole \(heads == nil ? "channels" : "heads") as the model "
                + "orders them")
          }
          let layer = axis(captures)
          if let other = known[layer], other.kept != kept {
            throw .notLoadable(
              "tensors \(other.tensor.quoted) and \(spec.name.quoted) keep different channels of one layer")
          }
          known[layer] = (spec.name, kept)
        }
      }
    }
  }
}

/// Whether each channel of a cut dimension is kept, by the notation of an architecture's document.
private enum KeptChannels {
  /// Returns nil if only some positions of a channel are kept, or repeated channels differ.
  static func of(
    _ cut: DimensionCut, _ item: String, _ spec: TensorSpec, _ heads: HeadCounts?,
    _ isActive: (DimensionPart) -> Bool
  ) -> [Bool]? {
    guard let text = try? heads?.numbers(in: item, extent: cut.size, of: spec) ?? item,
      let dimension = try? CutOption.dimensions(text, of: text).first
    else { return nil }
    // The parts of the dimension: channels, and positions of each channel.
    var parts: [(channels: Int, inner: Int)] = []
    switch dimension {
    case .axis(let use):
      parts = [(channels: Int, inner: Int)](
        repeating: (cut.size / (use.outer * use.inner), use.inner), count: use.outer)
    case .concat(let terms):
      // Only queries and keys lie side by side.
      for case .axis(let use) in terms { parts.append((heads?.keys ?? 0, use.inner)) }
    default: return nil
    }
    guard parts.reduce(0, { $0 + $1.channels * $1.inner }) == cut.size else { return nil }
    let active = cut.parts.map(isActive)
    let positions = cut.segments.flatMap { run in [Bool](repeating: active[run.part], count: run.length) }
    var first: [Bool]?
    var start = 0
    for part in parts {
      var found: [Bool] = []
      found.reserveCapacity(part.channels)
      for _ in 0..<part.channels {
        let channel = positions[start..<start + part.inner]
        guard let isKept = channel.first, channel.allSatisfy({ $0 == isKept }) else { return nil }
        found.append(isKept)
        start += part.inner
      }
      if let first, first != found { return nil }
      first = found
    }
    return first
  }
}
