internal import StrictJSON

extension Architecture.Layers {
  /// Refuses a list that has an entry for each layer and that no document names: it would not be cut.
  func requireKnownLists(_ sizes: ModelSizes) throws(PlanningError) {
    guard let count = countKey.flatMap({ sizes[$0, in: object] }) else { return }
    let known = Set(lists + numberLists + ["intermediate_size"])
    let unknown = sizes.lists.first { list in
      !known.contains(list.key) && (list.count == count || list.count == count + 1)
        && (count > 3 || list.key.contains("layer") || list.key.contains("stage"))
    }
    if let unknown {
      throw .notLoadable(
        "\(unknown.key) may have an entry for each layer, and what it means is not known here")
    }
    if sizes.has("auto_map", in: nil) {
      throw .notLoadable("the model has code of its own (auto_map), which may count layers")
    }
    if lists.contains(where: { sizes.list($0, in: object) == nil }),
      let flag = listFlags.first(where: { sizes.isSet($0, in: object) })
    {
      throw .notLoadable("with \(flag), what a layer does depends on its number")
    }
  }

  /// The changes for a model that has only some of its layers; empty if it has all.
  func changes(
    _ kept: [Int], of whole: [Int], _ sizes: ModelSizes, _ type: String
  ) throws(PlanningError) -> [ConfigurationChange] {
    if kept == whole { return [] }
    guard let countKey, let count = sizes[countKey, in: object], whole == Array(0..<whole.count),
      (0...whole.count).contains(count)
    else {
      throw .notLoadable("no key of config.json gives the number of layers")
    }
    if keepsFirst, kept.first != 0 {
      throw .notLoadable("layer 0 of \(type) is unlike the others, and no other can take its place")
    }
    if let extra = whole[count...].first(where: { !kept.contains($0) }) {
      throw .notLoadable("layer \(extra) predicts further tokens, and cannot be left out")
    }
    for (key, value) in fixed {
      if let found = sizes[key, in: object] ?? (sizes.isSet(key, in: object) ? 1 : nil), found != value {
        throw .notLoadable("\(key) is \(found), so what a layer does depends on its number")
      }
    }
    let stack = kept.filter { $0 < count }
    var changes = [ConfigurationChange(object, countKey, JSONValue(stack.count))]
    for key in lists {
      guard let list = sizes.list(key, in: object) else {
        if needsLists.contains(type) {
          throw .notLoadable(
            "config.json has no list \(key), and loaders compute it from the numbers of layers")
        }
        continue
      }
      guard list.count == count else {
        throw .notLoadable("\(key): expected an entry for each of \(count) layers, found \(list.count)")
      }
      changes.append(ConfigurationChange(object, key, .array(stack.map { list[$0] })))
    }
    for key in numberLists {
      guard let list = sizes.list(key, in: object), !list.isEmpty else { continue }
      let numbers = list.compactMap {
        if case .integer(let number) = $0 { Int(exactly: number) } else { nil }
      }
      let places = numbers.compactMap { stack.firstIndex(of: $0) }
      changes.append(ConfigurationChange(object, key, .array(places.map { JSONValue($0) })))
    }
    for key in firstKeys {
      guard let number = sizes[key, in: object], number <= count else { continue }
      changes.append(ConfigurationChange(object, key, JSONValue(stack.count { $0 < number })))
    }
    if let sharedKey, let number = sizes[sharedKey, in: object], number > 0 {
      try requireSources(stack, before: count - number, sizes)
      changes.append(ConfigurationChange(object, sharedKey, JSONValue(stack.count { $0 >= count - number })))
    }
    return changes.filter { change in
      if let old = sizes[change.key, in: object] { return change.value != JSONValue(old) }
      return sizes.list(change.key, in: object).map { change.value != .array($0) } ?? true
    }
  }

  /// Checks that the layers stay whose keys and values later ones use: of each type the last before `first`.
  private func requireSources(
    _ stack: [Int], before first: Int, _ sizes: ModelSizes
  ) throws(PlanningError) {
    let types = sizes.list("layer_types", in: object) ?? []
    guard types.count >= first, first > 0 else { return }
    for type in Set(types) {
      guard let source = types[..<first].lastIndex(of: type) else { continue }
      guard stack.contains(source) else {
        throw .notLoadable(
          "layers from \(first) use the keys and values of layer \(source), so it cannot be left out")
      }
    }
  }
}
