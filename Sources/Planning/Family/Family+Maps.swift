internal import StrictJSON
internal import Tensors
internal import UnitModel

// Assignment of single elements: owner maps, and masks of tasks.
extension Family {
  /// Reads pairs of a pattern for tensors and a pattern for their maps.
  static func maps(_ node: PlanNode) throws(PlanError) -> [MapRule] {
    var rules: [MapRule] = []
    for member in try node.members().members {
      let map = node.named(member.key, member.value)
      let tensors = try map.pattern(member.key)
      let pattern = try map.pattern()
      try check(pattern, against: tensors, place: map.place)
      rules.append(MapRule(tensors: tensors, map: pattern))
    }
    if rules.isEmpty { throw .outOfRange(place: node.place, expected: "at least one pattern", found: "none") }
    return rules
  }

  /// Reads pairs of a pattern for tensors and the names of their masks, which contain `{task}` or `{level}`.
  ///
  /// Each `*` in such a name is replaced by the text of a `*` in the pattern, and each `{}` by the text of a `{}`, in
  /// order.
  static func masks(_ node: PlanNode?) throws(PlanError) -> [(tensors: NamePattern, mask: String)] {
    guard let node else { return [] }
    var rules: [(tensors: NamePattern, mask: String)] = []
    for member in try node.members().members {
      let mask = node.named(member.key, member.value)
      let (tensors, text) = (try mask.pattern(member.key), try mask.string())
      guard text.contains("{task}") || text.contains("{level}") else {
        throw .badPattern(
          place: mask.place, pattern: text, expected: "a name that contains {task} or {level}")
      }
      try check(try mask.pattern(known(text)), against: tensors, place: mask.place)
      rules.append((tensors, text))
    }
    if rules.isEmpty { throw .outOfRange(place: node.place, expected: "at least one pattern", found: "none") }
    return rules
  }

  private static func check(
    _ map: NamePattern, against tensors: NamePattern, place: String
  ) throws(PlanError) {
    guard map.componentCount <= tensors.componentCount, map.starCount <= tensors.starCount else {
      throw .badPattern(
        place: place, pattern: map.text, expected: "at most as many wildcards as '\(tensors.text)' has")
    }
  }

  /// A name without its components `{task}` and `{level}`: the name that the network uses.
  static func known(_ text: String) -> String {
    var text = text
    for key in ["{task}", "{level}"] {
      for part in [".\(key)", "\(key).", key] { text = text.replacing(part, with: "") }
    }
    return text
  }

  /// The number of levels with masks of their own; nil if masks do not depend on the level.
  func maskLevels(_ specs: [TensorSpec]) throws(PlanningError) -> Int? {
    let patterns = masks.map(\.mask).filter { $0.contains("{level}") }
    if patterns.isEmpty { return nil }
    let first = firstLevel(specs)
    for level in 0...Self.maskLevelLimit {
      let selectors = patterns.compactMap {
        NamePattern(filled($0, task: "*").replacing("{level}", with: String(level + first)))
      }
      let isThere = specs.contains { spec in selectors.contains { $0.match(spec.name.text) != nil } }
      if !isThere { return max(1, level) }
    }
    throw .plan(
      .outOfRange(place: "masks", expected: "masks of at most \(Self.maskLevelLimit) levels", found: "more"))
  }

  /// The most levels that may have masks of their own.
  static let maskLevelLimit = 64

  /// Entries for the tensors that have a mask for each task.
  ///
  /// - Parameter aliases: the names that the networks use for the masks, for each rule.
  func maskEntries(_ aliases: [String]) -> [PlanTensor] {
    zip(masks, aliases).map { rule, alias in
      PlanTensor(selector: .match(rule.tensors), mask: NamePattern(alias))
    }
  }

  /// The name that the networks use for the masks: the mask's name without task and level. If a tensor has this name
  /// already, it begins with `mask.`.
  func known(
    _ rule: (tensors: NamePattern, mask: String), _ specs: [TensorSpec], among names: Set<String>
  ) -> String {
    let text = Self.known(rule.mask)
    let pattern = NamePattern(text)
    let isTaken =
      text.isEmpty
      || specs.contains { spec in
        rule.tensors.match(spec.name.text).flatMap { pattern?.filled(with: $0) }.map(names.contains) ?? false
      }
    return isTaken ? "mask." + text : text
  }

  /// An entry for each tensor that has an owner map, with the number of elements of each owner.
  ///
  /// A tied tensor uses the entry of its original.
  func owned<Failure: Error>(
    _ rules: [MapRule], _ specs: [TensorSpec], ties: [TensorName: TensorName],
    _ values: (TensorName) throws(Failure) -> [Int]
  ) throws -> [PlanTensor] {
    var places: [TensorName: Int] = [:]
    for (place, spec) in specs.enumerated() { places[spec.name] = place }
    var entries: [PlanTensor] = []
    var known: Set<TensorName> = []
    for rule in rules {
      var missing: String?
      let before = entries.count
      for spec in specs where !known.contains(spec.name) && ties[spec.name] == nil {
        guard let captures = rule.tensors.match(spec.name.text), let text = rule.map.filled(with: captures)
        else {
          continue
        }
        // Layers without a map belong to all tasks, such as a first layer or a head.
        guard let place = places[TensorName(text)], specs[place].name != spec.name else {
          missing = missing ?? text
          continue
        }
        known.insert(spec.name)
        entries.append(
          PlanTensor(selector: .name(spec.name), owners: try owners(of: spec, specs[place], values)))
      }
      if entries.count == before {
        throw PlanningError.plan(
          .matchesNothing(
            place: "owners", pattern: missing ?? rule.tensors.text,
            nearest: nearestName(to: missing ?? rule.tensors.text, among: specs.lazy.map(\.name.text))))
      }
    }
    return entries
  }

  private func owners<Failure: Error>(
    of spec: TensorSpec, _ map: TensorSpec, _ values: (TensorName) throws(Failure) -> [Int]
  ) throws -> ElementOwners {
    let place = "tensor \(spec.name.quoted): its owner map \(map.name.quoted)"
    guard map.dtype == .u8, map.shape == spec.shape else {
      throw PlanningError.weights(
        .outOfRange(
          place: place, expected: "U8 \(spec.shape), an owner for each element",
          found: "\(map.dtype.rawValue) \(map.shape)"))
    }
    guard tasks.count <= ElementOwners.unitLimit else {
      throw PlanningError.weights(
        .outOfRange(
          place: "tasks", expected: "at most \(ElementOwners.unitLimit) tasks with owners",
          found: "\(tasks.count)"))
    }
    let counts = try values(map.name)
    if let beyond = counts.indices.dropFirst(tasks.count + 1).first(where: { counts[$0] > 0 }) {
      throw PlanningError.weights(
        .outOfRange(
          place: place, expected: "owners of 0 (free) to \(tasks.count), a task each", found: "\(beyond)"))
    }
    return ElementOwners(map: map.name, elements: Array(counts.prefix(tasks.count + 1)))
  }
}
