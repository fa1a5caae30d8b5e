package import Tensors
package import UnitModel

/// A number in config.json that a sub-network changes.
package struct ConfigurationChange: Equatable, Sendable {
  /// The object that has the key; nil for the document itself, or its part for text.
  package let object: String?
  package let key: String
  package let value: Int
  /// A key after which this one is inserted if config.json lacks it.
  package let anchor: String
}

extension ConfigurationChange {
  /// The changes with which the loader of the model builds a sub-network.
  ///
  /// - Parameters:
  ///   - whole: the tensors of the whole model.
  ///   - part: the tensors of the sub-network.
  ///   - cuts: how the dimensions of the tensors are cut, by name.
  ///   - sizes: the numbers of the whole model's config.json.
  /// - Throws: `PlanningError.notLoadable` if config.json cannot describe the sub-network.
  package static func of(
    _ whole: [TensorSpec], to part: [TensorSpec], cuts: [TensorName: [DimensionCut?]], sizes: ModelSizes
  ) throws(PlanningError) -> [ConfigurationChange] {
    let extents = try LayerExtents(whole, part)
    if extents.changed.isEmpty { return [] }
    let type = sizes.modelType ?? "none"
    guard let architecture = Architecture.all.first(where: { $0.modelTypes.contains(type) }) else {
      throw .notLoadable("expected a known model_type, found \(TensorName(type).quoted)")
    }
    var covered: Set<TensorName> = []
    var changes: [ConfigurationChange] = []
    /// The groups that stay whole, with their keys.
    var fixed: [(group: Architecture.Group, key: String)] = []
    let names = TensorNames(specs: whole)
    for prefix in names.prefixes(of: architecture.marker) {
      for group in architecture.groups {
        guard let scale = try extents.scale(of: group, under: prefix, names, &covered) else { continue }
        if scale.isOne {
          if let key = group.widthKey { fixed.append((group, key)) }
          continue
        }
        let heads = try group.headCounts(names, prefix, sizes)
        try group.requireSameChannels(names, prefix, cuts, heads?.counts)
        for change in try group.changes(scale, heads, sizes, type) {
          if let other = changes.first(where: { $0.object == change.object && $0.key == change.key }) {
            guard other.value == change.value else {
              throw .notLoadable(
                "\(change.key): expected one number, found \(other.value) and \(change.value)")
            }
          } else {
            changes.append(change)
          }
        }
      }
    }
    for (group, key) in fixed where changes.contains(where: { $0.object == group.object && $0.key == key }) {
      throw .notLoadable(
        "group '\(group.name)' stays whole, but a cut changes \(key), which is its width, too")
    }
    if let other = extents.changed.first(where: { !covered.contains($0) }) {
      throw .notLoadable("no key of config.json gives the new shape of tensor \(other.quoted)")
    }
    return changes
  }
}

/// The part of its channels that a sub-network keeps of a group.
private struct Scale: Equatable {
  let kept: Int
  let of: Int
  /// The channels that are kept, if the document gives the positions of each channel in the group's first tensor.
  let channels: Int?
  var isOne: Bool { kept == of }

  static func == (a: Scale, b: Scale) -> Bool {
    a.kept.multipliedFullWidth(by: b.of) == b.kept.multipliedFullWidth(by: a.of)
  }

  /// The same part of a number; nil if it is not whole.
  func applied(to number: Int) -> Int? {
    let (product, overflow) = number.multipliedReportingOverflow(by: kept)
    return overflow || product % of != 0 ? nil : product / of
  }
}

/// The tensors of a model and of its sub-network, by name.
private struct LayerExtents {
  let whole: [TensorName: [Int]]
  let part: [TensorName: [Int]]
  /// The tensors whose shape differs.
  let changed: [TensorName]

  init(_ whole: [TensorSpec], _ part: [TensorSpec]) throws(PlanningError) {
    self.whole = Dictionary(whole.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    self.part = Dictionary(part.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    for spec in part where self.whole[spec.name] == nil {
      throw .notLoadable("tensor \(spec.name.quoted) is not one of the whole model")
    }
    var changed: [TensorName] = []
    for spec in whole {
      guard let found = self.part[spec.name] else {
        throw .notLoadable("no key of config.json says that tensor \(spec.name.quoted) is missing")
      }
      if found != spec.shape { changed.append(spec.name) }
    }
    self.changed = changed
  }

  /// The part that every tensor of a group keeps; nil if the model has no such tensor.
  func scale(
    of group: Architecture.Group, under prefix: String, _ names: TensorNames, _ covered: inout Set<TensorName>
  ) throws(PlanningError) -> Scale? {
    var scale: Scale?
    for (suffix, text) in group.tensors {
      let items = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      for spec in names.all(prefix + suffix) {
        guard let old = whole[spec.name], let new = part[spec.name], old.count == items.count,
          new.count == old.count
        else { continue }
        for (place, item) in items.enumerated() {
          if item == "-" {
            if old[place] != new[place] {
              throw .notLoadable(
                "no key of config.json gives dimension \(place) of tensor \(spec.name.quoted)")
            }
            continue
          }
          let found = Scale(
            kept: new[place], of: old[place], channels: Self.channels(item, new[place]))
          guard let known = scale else {
            scale = found
            continue
          }
          guard known == found else {
            throw .notLoadable(
              "config.json gives one width for all layers, but tensor \(spec.name.quoted) keeps \(new[place]) of "
                + "\(old[place]), and others \(known.kept) of \(known.of)")
          }
        }
        covered.insert(spec.name)
      }
    }
    return scale
  }

  private static func channels(_ item: String, _ extent: Int) -> Int? {
    guard case .axis(let use)? = try? CutOption.dimensions(item, of: item).first else { return nil }
    return extent / (use.inner * use.outer)
  }
}

extension Architecture.Group {
  fileprivate func changes(
    _ scale: Scale, _ known: (counts: HeadCounts, width: Int)?, _ sizes: ModelSizes, _ type: String
  ) throws(PlanningError) -> [ConfigurationChange] {
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

  private func change(_ key: String, _ value: Int, after anchor: String = "model_type") -> ConfigurationChange
  {
    ConfigurationChange(object: object, key: key, value: value, anchor: anchor)
  }

  /// The heads of the whole model, and the width of a head; nil if the group has none or config.json does not say.
  fileprivate func headCounts(
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

  /// Checks that a cut gives the same channels of a layer to a unit in every tensor, and only whole channels or heads:
  /// shapes alone would also fit other channels.
  fileprivate func requireSameChannels(
    _ names: TensorNames, _ prefix: String, _ cuts: [TensorName: [DimensionCut?]], _ counts: HeadCounts?
  ) throws(PlanningError) {
    var known: [String: (tensor: TensorName, units: [Int])] = [:]
    for (suffix, text) in tensors {
      guard let pattern = NamePattern(prefix + suffix) else { continue }
      for spec in names.all(prefix + suffix) {
        let captures = pattern.match(spec.name.text)?.components ?? []
        for (place, item) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated()
        where item != "-" {
          guard let cuts = cuts[spec.name], cuts.indices.contains(place), let cut = cuts[place] else {
            continue
          }
          guard let units = ChannelUnits.of(cut, String(item), spec, counts) else {
            throw .notLoadable(
              "the cut of tensor \(spec.name.quoted) does not keep whole \(heads == nil ? "channels" : "heads") as the model "
                + "orders them")
          }
          var layer = axis
          for capture in captures { layer = layer.replacing("{}", with: capture, maxReplacements: 1) }
          if let other = known[layer], other.units != units {
            throw .notLoadable(
              "tensors \(other.tensor.quoted) and \(spec.name.quoted) keep different channels of one layer")
          }
          known[layer] = (spec.name, units)
        }
      }
    }
  }
}

/// The unit of each channel in a cut dimension, by the notation of an architecture's document.
private enum ChannelUnits {
  /// Returns nil if a channel has positions of several units, or repeated channels differ. A common channel has −1.
  static func of(_ cut: DimensionCut, _ item: String, _ spec: TensorSpec, _ heads: HeadCounts?) -> [Int]? {
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
    let units = cut.segments.flatMap { run in
      [Int](repeating: cut.parts[run.part].unit?.index ?? -1, count: run.length)
    }
    var first: [Int]?
    var start = 0
    for part in parts {
      var found: [Int] = []
      found.reserveCapacity(part.channels)
      for _ in 0..<part.channels {
        let channel = units[start..<start + part.inner]
        guard let unit = channel.first, channel.allSatisfy({ $0 == unit }) else { return nil }
        found.append(unit)
        start += part.inner
      }
      if let first, first != found { return nil }
      first = found
    }
    return first
  }
}
