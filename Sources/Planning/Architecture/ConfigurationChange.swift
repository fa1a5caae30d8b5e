package import Tensors
internal import UnitModel

/// A number in config.json that a sub-network changes.
package struct ConfigurationChange: Equatable, Sendable {
  /// The object that has the key; nil for the document itself, or its part for text.
  package let object: String?
  package let key: String
  package let value: Int
  /// For a key that config.json may lack: a key beside which it is inserted.
  package let anchor: String?
}

extension ConfigurationChange {
  /// The changes with which the loader of the model builds a sub-network.
  ///
  /// - Parameters:
  ///   - whole: the tensors of the whole model.
  ///   - part: the tensors of the sub-network.
  ///   - sizes: the numbers of the whole model's config.json.
  /// - Throws: `PlanningError.notLoadable` if config.json cannot describe the sub-network.
  package static func of(
    _ whole: [TensorSpec], to part: [TensorSpec], sizes: ModelSizes
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
        for change in try group.changes(scale, sizes, type) {
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
  /// Channels of the whole model and of the sub-network in the first tensor of the group, if its numbers show them.
  let channels: (whole: Int, part: Int)?
  /// The first cut dimension of the group: its text in the document, and its extent in the whole model.
  let item: String

  var isOne: Bool { kept == of }

  static func == (a: Scale, b: Scale) -> Bool {
    a.kept.multipliedFullWidth(by: b.of) == b.kept.multipliedFullWidth(by: a.of)
  }

  /// The width of a head, with the numbers of query heads and of key heads.
  func headWidth(queries: Int, keys: Int) -> Int? {
    let fused = item.count { $0 == "Q" } * queries + item.count { $0 == "K" } * keys
    let heads = fused == 0 ? queries : fused
    return heads > 0 && of % heads == 0 ? of / heads : nil
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
            kept: new[place], of: old[place], channels: Self.channels(item, old[place], new[place]),
            item: item)
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

  private static func channels(_ item: String, _ old: Int, _ new: Int) -> (whole: Int, part: Int)? {
    guard !item.contains(where: { "?QK+".contains($0) }) else { return nil }
    let factor = item.split(separator: "*").compactMap { Int($0) }.reduce(1, *)
    return (old / factor, new / factor)
  }
}

extension Architecture.Group {
  fileprivate func changes(
    _ scale: Scale, _ sizes: ModelSizes, _ type: String
  ) throws(PlanningError) -> [ConfigurationChange] {
    guard let heads else {
      guard let widthKey, let channels = scale.channels else {
        throw .notLoadable("no key of config.json gives the width of group '\(name)' of \(type)")
      }
      let times = timesKey.flatMap { sizes[$0, in: object] } ?? 1
      guard times > 0, channels.part % times == 0 else {
        throw .notLoadable(
          "\(widthKey): expected \(times) equal parts of \(channels.part) channels, found a remainder")
      }
      return [ConfigurationChange(object: object, key: widthKey, value: channels.part / times, anchor: nil)]
    }
    guard let widthKey = heads.widthKey, let countKey = heads.countKey else {
      throw .notLoadable(
        "loaders of \(type) compute the width of a head from the number of heads, so they would run another network"
      )
    }
    guard let count = sizes[countKey, in: object], count > 0, let kept = scale.applied(to: count), kept > 0
    else {
      throw .notLoadable("\(countKey): expected a number of heads that the cut divides, found none")
    }
    var changes = [ConfigurationChange(object: object, key: countKey, value: kept, anchor: nil)]
    if let keyCountKey = heads.keyCountKey, let keys = sizes[keyCountKey, in: object] {
      guard let kept = scale.applied(to: keys), kept > 0 else {
        throw .notLoadable("\(keyCountKey): expected whole key heads, found a part of one")
      }
      changes.append(ConfigurationChange(object: object, key: keyCountKey, value: kept, anchor: nil))
    }
    if heads.dividesHidden.contains(type), let hidden = sizes["hidden_size", in: object], hidden % kept != 0 {
      throw .notLoadable(
        "\(type) can be loaded only with a number of heads that divides hidden_size \(hidden), found \(kept)")
    }
    if sizes[widthKey, in: object] == nil {
      let keys = heads.keyCountKey.flatMap { sizes[$0, in: object] } ?? count
      guard let width = scale.headWidth(queries: count, keys: keys) else {
        throw .notLoadable(
          "\(countKey): expected a number of heads that divides the channels, found \(count)")
      }
      changes.append(ConfigurationChange(object: object, key: widthKey, value: width, anchor: countKey))
    }
    return changes
  }
}
