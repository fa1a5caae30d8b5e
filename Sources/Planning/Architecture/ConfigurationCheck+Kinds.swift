internal import StrictJSON
internal import Tensors
internal import UnitModel

extension ConfigurationCheck {
  /// Reports tensors that every layer of the model type has, and returns the ends of their names.
  mutating func checkKinds(
    _ members: [LayerStack.Member], _ layers: Architecture.Layers, under prefix: String
  ) -> Set<String> {
    let kinds = layers.kinds.filter { $0.types.contains(type) }.map(\.tensors)
    // Quantised weights have other names.
    guard !kinds.isEmpty, !isPacked else { return [] }
    var names: [Int: Set<String>] = [:]
    for member in members { names[member.layer, default: []].insert(Self.current(member.suffix)) }
    /// The first layers, which do not use the keys and values of an earlier one.
    let own = layers.sharedKey.flatMap { key in
      layers.countKey.flatMap { number($0, in: layers.object) }.flatMap { count in
        number(key, in: layers.object).map { count - $0 }
      }
    }
    let unshared = kinds.filter { kind in !kinds.contains { kind.isStrictSubset(of: $0) } }
    var missing: [String: [Int]] = [:]
    // Real models have few sets of names; that a file has more is said where its layers are compared with each other.
    let layersOfNames = Dictionary(grouping: names.keys) { names[$0] ?? [] }
    guard layersOfNames.count <= Self.nameSetLimit else { return [] }
    for (present, layers) in layersOfNames {
      for (possible, numbers) in [
        (unshared, layers.filter { $0 < own ?? 0 }), (kinds, layers.filter { $0 >= own ?? 0 }),
      ] where !numbers.isEmpty {
        let lacking = possible.map { $0.subtracting(present) }
        if lacking.contains(where: \.isEmpty) { continue }
        // Of two forms of a layer, this one is the one of which it has most tensors.
        let nearest = lacking.min { ($0.count, $0.sorted().joined()) < ($1.count, $1.sorted().joined()) }
        for suffix in nearest ?? [] { missing[suffix, default: []] += numbers }
      }
    }
    for (suffix, found) in missing.sorted(by: { $0.key < $1.key }).prefix(Self.limit) {
      let name =
        prefix + layers.pattern.replacing("{}", with: "\(found.min() ?? 0)")
        + suffix.replacing("{}", with: "0")
      report(
        .tensor(TensorName(name)),
        "this tensor in \(Self.layers(found)), as in every model of the type \(type)", "none")
    }
    return Set(missing.keys)
  }

  /// Compares the tensors that layers have with the flags that decide about them.
  mutating func checkFlags(
    _ members: [LayerStack.Member], _ layers: Architecture.Layers, under prefix: String
  ) {
    // Formats of quantised weights have biases of their own.
    if isPacked || members.isEmpty { return }
    let present = Set(members.map { Self.current($0.suffix) })
    for flag in layers.flags where flag.types.contains(type) {
      let stored = numbers.value(flag.key, in: layers.object)
      let isSet: Bool
      switch stored {
      case nil: isSet = flag.defaultValue
      case .bool(let value)?: isSet = value
      default: continue
      }
      let path = Self.path(flag.key, in: layers.object)
      func name(_ suffix: String) -> String { prefix + layers.pattern + suffix }
      let there = flag.tensors.filter(present.contains)
      if isSet != flag.value, let first = there.first {
        report(
          .key(path), "\(flag.value), because the layers have tensors \(TensorName(name(first)).quoted)",
          stored == nil ? "none, for which loaders take \(isSet)" : "\(isSet)")
      }
      if isSet != flag.value { continue }
      // A bias belongs to a module that some models lack.
      let missing = flag.tensors.filter { suffix in
        !present.contains(suffix)
          && (!suffix.hasSuffix(".bias") || present.contains(suffix.dropLast(4) + "weight")
            || flag.tensors.contains(suffix.dropLast(4) + "weight"))
      }
      for suffix in missing {
        report(
          .tensor(TensorName(name(suffix))), "this tensor, because \(path) is \(isSet)", "none")
      }
    }
  }

  /// Reports tensors outside the layers that every model of the family or of the type has, or its class.
  mutating func checkOutside(_ architecture: Architecture) {
    var reasons: [String: String] = [:]
    if !isPacked {
      let known = architecture.outside.filter { $0.types.contains(type) }.flatMap(\.tensors)
      for suffix in known { reasons[suffix] = "as in every model of the type \(type)" }
      for name in numbers.classes {
        for own in architecture.classes where own.classes.contains(name) {
          for suffix in own.tensors { reasons[suffix] = "as in every \(name)" }
          guard case .bool(false)? = numbers.value("tie_word_embeddings") else { continue }
          for suffix in own.untied { reasons[suffix] = "because tie_word_embeddings is false" }
        }
      }
    }
    for suffix in architecture.required { reasons[suffix] = "as in every model of the family" }
    let layers = architecture.layers.compactMap { NamePattern("*\($0.pattern)*") }
    for spec in index.specs {
      if reasons.isEmpty { return }
      var rest = Self.current(spec.name.text)[...]
      // The names have a few components, and are the ends of longer ones.
      for _ in 0..<8 {
        if reasons[String(rest)] != nil, layers.allSatisfy({ $0.match(spec.name.text) == nil }) {
          reasons[String(rest)] = nil
        }
        guard let dot = rest.firstIndex(of: ".") else { break }
        rest = rest[rest.index(after: dot)...]
      }
    }
    for (suffix, reason) in reasons.sorted(by: { $0.key < $1.key }).prefix(Self.limit) {
      report(.tensor(TensorName(suffix)), "a tensor whose name ends so, \(reason)", "none")
    }
  }

  /// The numbers of layers in words, not all of many.
  private static func layers(_ numbers: [Int]) -> String {
    let first = numbers.sorted().prefix(3).map(String.init).joined(separator: ", ")
    let rest = numbers.count > 3 ? " and \(numbers.count - 3) more" : ""
    return (numbers.count == 1 ? "layer " : "layers ") + first + rest
  }

  /// A name with the words that loaders put in place of older ones.
  private static func current(_ suffix: String) -> String {
    suffix.hasSuffix("LayerNorm.gamma")
      ? suffix.dropLast(5) + "weight"
      : suffix.hasSuffix("LayerNorm.beta") ? suffix.dropLast(4) + "bias" : suffix
  }

  /// Compares the layers that have experts with the keys that say which they are.
  mutating func check(
    _ sparse: Architecture.SparseLayers, _ members: [LayerStack.Member], of layers: Architecture.Layers,
    under prefix: String
  ) {
    /// A number that the model type's loaders read.
    func known(_ key: String?) -> (key: String, number: Int)? {
      guard let key, defaults?[key] != nil else { return nil }
      return number(key, in: layers.object).map { (key, $0) }
    }
    let step = known(sparse.stepKey)
    let first = known(sparse.firstDenseKey)
    var dense: Set<Int> = []
    let list = sparse.denseListKey.flatMap { numbers.list($0, in: layers.object) }
    for item in list ?? [] { if case .integer(let layer) = item { dense.insert(Int(clamping: layer)) } }
    let present = Dictionary(grouping: members, by: \.layer).mapValues { members in
      members.contains { $0.suffix.hasPrefix(sparse.tensor) }
    }
    var wrong: [String: [Int]] = [:]
    for (layer, hasExperts) in present {
      let isFirst = layer < first?.number ?? 0
      let isListed = dense.contains(layer)
      let isBetween = step.map { $0.number > 0 && (layer + 1) % $0.number != 0 } ?? false
      if hasExperts != (isFirst || isListed || isBetween) { continue }
      let key =
        isFirst
        ? first?.key
        : isListed ? sparse.denseListKey : isBetween ? step?.key : sparse.denseListKey ?? first?.key
      guard let key else { continue }
      wrong[key, default: []].append(layer)
    }
    for (key, found) in wrong.sorted(by: { $0.key < $1.key }) {
      for (expected, said, numbers) in [
        ("experts", "none", found.filter { present[$0] == true }),
        ("no experts", "experts", found.filter { present[$0] == false }),
      ] where !numbers.isEmpty {
        report(
          .key(Self.path(key, in: layers.object)),
          "\(expected) in \(Self.layers(numbers)), as in the weights", said)
      }
    }
  }
}
