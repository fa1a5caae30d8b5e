internal import Tensors
internal import UnitModel

extension TransformerFamily {
  /// An example of the names, for errors.
  var example: String { feedForward[0].suffix }

  /// The entries for a file of this family; nil for other files.
  ///
  /// `heads` is the number of attention heads, which shapes do not show. Without it, attention is cut only if
  /// `hasGranule` says that an option gives the axis its granule. Throws `PlanningError.headsDisagree`.
  func rules(
    for names: TensorNames, heads: Int?, hasGranule: (AxisName) -> Bool
  ) throws(PlanningError) -> PresetRules? {
    let prefixes = names.prefixes(of: feedForward[0].suffix).filter { prefix in
      marker.map { names.first(prefix + $0) != nil } ?? true
    }
    if prefixes.isEmpty { return nil }
    var rules = PresetRules()
    for prefix in prefixes {
      // Two encoders in one file have separate axes.
      let axisPrefix = prefixes.count > 1 ? prefix : ""
      rules.words.append(
        "recognised tensors of \(about)" + (prefix.isEmpty ? "" : " under '\(prefix)'") + " (preset \(name))")
      if let remark { rules.words.append(remark) }
      for (suffix, cut) in feedForward {
        try append(prefix + suffix, cut, axisPrefix, names, to: &rules)
      }
      try appendAttention(prefix, axisPrefix, names, heads: heads, hasGranule: hasGranule, to: &rules)
    }
    return rules
  }

  private func appendAttention(
    _ prefix: String, _ axisPrefix: String, _ names: TensorNames, heads: Int?, hasGranule: (AxisName) -> Bool,
    to rules: inout PresetRules
  ) throws(PlanningError) {
    let axis = axisPrefix + "heads{}"
    guard let query = names.first(prefix + self.query.suffix), query.shape.count > self.query.dimension else {
      return
    }
    // A norm over all heads mixes their channels; a norm over each head does not.
    let norm = names.first(prefix + "layers.{}.self_attn.q_norm.weight")
    if let norm, norm.shape == [query.shape[self.query.dimension]] {
      rules.words.append("attention is left whole: \(norm.name.quoted) is a norm over all heads")
      return
    }
    var perQuery = 1
    var perKey = 1
    if let heads {
      let channels = query.shape[self.query.dimension] / self.query.fused
      guard heads >= 1, channels % heads == 0, channels > 0 else {
        throw .headsDisagree(tensor: query.name.text, heads: heads, channels: channels)
      }
      let width = channels / heads
      if let key {
        // Several query heads share a key head. Such a group cannot be divided, so the axis counts groups.
        guard let keys = names.first(prefix + key)?.shape.first, keys > 0, keys % width == 0,
          heads % (keys / width) == 0
        else { throw .headsDisagree(tensor: query.name.text, heads: heads, channels: channels) }
        perKey = width
        perQuery = channels / (keys / width)
        rules.words.append(
          "heads: \(heads) query heads of width \(width), \(keys / width) key and value heads")
      } else if let name = NamePattern(axis) {
        rules.axes.append(AxisOption(name: name, granule: width))
        rules.words.append("heads: \(heads) of width \(width), kept together")
      }
    } else if key != nil || !hasGranule(AxisName(axis)) {
      rules.words.append(
        "attention is left whole: shapes do not show the number of heads; give --heads"
          + (key == nil ? ", or --axis '\(axis):granule=WIDTH'" : ""))
      return
    }
    for (suffix, cut) in attention {
      let numbers = cut.split(separator: "*", omittingEmptySubsequences: false).map { factor in
        switch factor.first {
        case "Q": "\(perQuery)" + factor.dropFirst()
        case "K": "\(perKey)" + factor.dropFirst()
        default: String(factor)
        }
      }.joined(separator: "*")
      try append(prefix + suffix, numbers, axisPrefix, names, to: &rules)
    }
  }

  /// Adds an entry for a pattern if a tensor matches it. If the tensor has another rank, it stays whole, and a sentence
  /// says so.
  private func append(
    _ pattern: String, _ cut: String, _ axisPrefix: String, _ names: TensorNames, to rules: inout PresetRules
  ) throws(PlanningError) {
    guard let found = names.first(pattern) else { return }
    guard let name = NamePattern(pattern) else { return }
    let dimensions = try CutOption.dimensions(cut, of: cut).map { $0.prefixed(axisPrefix) }
    if found.shape.count != dimensions.count {
      rules.words.append("'\(pattern)' is left whole: it has \(found.shape.count) dimensions here")
      return
    }
    rules.tensors.append(PlanTensor(selector: .match(name), dimensions: dimensions))
  }
}
