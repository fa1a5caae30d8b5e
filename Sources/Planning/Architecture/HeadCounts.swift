internal import Tensors

/// The heads of a file's attention layers. Several query heads may share a key head. Such a group cannot be divided, so
/// the axis counts key heads.
struct HeadCounts {
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
    if let norm = heads.normOverAll(use.names, prefix, query) {
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
    // A number from a file is multiplied below; no model has so many heads.
    guard (1...1 << 24).contains(count) else { throw disagreement(query, query.shape.first ?? 0) }
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

  /// The width of a head, from a dimension with query heads and its text in the document.
  func width(_ item: String, extent: Int) -> Int {
    let fused = item.count { $0 == "Q" } * queries + item.count { $0 == "K" } * keys
    return extent / (fused == 0 ? queries * Self.repeats(of: item) : fused)
  }

  /// The number of times that a dimension has all channels: 3 in `3*heads{}*?`.
  private static func repeats(of item: String) -> Int {
    item.split(separator: "*").first.flatMap { Int($0) } ?? 1
  }

  /// A dimension with numbers for `?`, Q and K.
  func numbers(in item: String, extent: Int, of spec: TensorSpec) throws(PlanningError) -> String {
    func count(_ letter: Character) -> Int { item.count { $0 == letter } }
    let disagreement = PlanningError.headsDisagree(tensor: spec.name.text, heads: queries, channels: extent)
    if item.contains("?") {
      let outer = Self.repeats(of: item)
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

extension Architecture.Heads {
  /// The norm that covers all heads, if the model has one. It mixes their channels; a norm over each head does not.
  func normOverAll(_ names: TensorNames, _ prefix: String, _ query: TensorSpec) -> TensorSpec? {
    guard let norm, let spec = names.first(prefix + norm), spec.shape.elementsEqual(query.shape.prefix(1))
    else {
      return nil
    }
    return spec
  }
}
