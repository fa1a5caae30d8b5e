internal import Tensors
internal import UnitModel

// Checks for mistakes in a family: patterns that match nothing, and tensors that no pattern uses.
extension Family {
  /// Checks that every pattern matches a tensor of at least one task or level. Throws `PlanError.matchesNothing` with
  /// the pattern's place.
  func checkPatterns(levels count: Int, _ specs: [TensorSpec]) throws(PlanningError) {
    let first = firstLevel(specs)
    let levelCount = choices.values.reduce(count) { max($0, $1.count) }
    func filledIn(_ pattern: String) -> [String] {
      let levels =
        pattern.contains("{level}")
        ? (first..<first + levelCount).map { pattern.replacing("{level}", with: String($0)) } : [pattern]
      return levels.flatMap { text in
        text.contains("{task}") ? tasks.map { filled(text, task: $0.text) } : [text]
      }
    }
    func check(_ pattern: String, _ place: String) throws(PlanningError) {
      let candidates = filledIn(pattern)
      if candidates.contains(where: { matches($0, specs) }) { return }
      let example = candidates.first ?? pattern
      throw .plan(
        .matchesNothing(
          place: place, pattern: pattern,
          nearest: nearestName(to: example, among: specs.lazy.map(\.name.text))))
    }
    for (number, pattern) in perTask.enumerated() { try check(pattern, "per_task[\(number)]") }
    for (number, pattern) in perLevel.enumerated() { try check(pattern, "per_level[\(number)]") }
    for (level, patterns) in skipped.sorted(by: { $0.key < $1.key }) {
      for (number, pattern) in patterns.enumerated() {
        try check(pattern.text, "skipped.\(level)[\(number)]")
      }
    }
    for rule in masks {
      try check(rule.tensors.text, "masks[\"\(rule.tensors.text)\"]")
      try check(rule.mask, "masks[\"\(rule.tensors.text)\"]")
    }
  }

  /// Whether a pattern matches a tensor.
  func matches(_ text: String, _ specs: [TensorSpec]) -> Bool {
    guard let pattern = NamePattern(text) else { return false }
    return specs.contains { pattern.match($0.name.text) != nil }
  }

  /// Notes for the reader of the plan: tensors that only some tasks have, and byte tensors that are not used as maps.
  func notes(_ resolved: ResolvedPlan) -> [String] {
    let tensors = resolved.partition.tensors
    let specs = tensors.map(\.spec)
    var notes: [String] = []
    for pattern in perTask {
      let without = tasks.filter { !matches(filled(pattern, task: $0.text), specs) }
      if without.isEmpty { continue }
      notes.append(
        "note: \(named(without)) \(without.count == 1 ? "has" : "have") no tensor that matches '\(pattern)'; "
          + "other tasks have one"
      )
    }
    return notes + maskNotes(resolved) + mapNotes(resolved.partition)
  }

  private func named(_ tasks: [TaskID]) -> String {
    (tasks.count == 1 ? "task " : "tasks ") + PlanRequest.shortened(tasks.map(\.quoted))
  }

  /// Networks that use all elements of a tensor because a mask is missing. If all levels of a task lack the same masks,
  /// there is one note for the task.
  private func maskNotes(_ resolved: ResolvedPlan) -> [String] {
    let tensors = resolved.partition.tensors
    let masks = TaskMasks(tensors)
    let masked = masks.masked
    return resolved.assignment.tasks.flatMap { task -> [String] in
      let without = task.numberedLevels.map { level -> [Int] in
        guard let network = try? resolved.assignment.network(task: task.task, level: level.number) else {
          return []
        }
        return masked.filter { network.sees(tensors[$0]) && masks.mask(of: $0, in: network) == nil }
      }
      let isSame = Set(without).count == 1
      return zip(task.numberedLevels, without).prefix(isSame ? 1 : without.count).compactMap {
        level, places in
        if places.isEmpty { return nil }
        let names = places.prefix(3).map { tensors[$0].spec.name.quoted }.joined(separator: ", ")
        let more = places.count > 3 ? ", \(places.count - 3) more" : ""
        return "note: task \(task.task.quoted)" + (isSame ? "" : ", level \(level.number)")
          + " has no mask for \(places.count) of \(masked.count) tensors with masks and uses all their elements: "
          + names + more
      }
    }
  }

  /// Tensors of bytes with the shape of another tensor that no rule uses: probably maps or masks whose names were not
  /// given.
  private func mapNotes(_ partition: Partition) -> [String] {
    let tensors = partition.tensors
    guard !masks.isEmpty || isOfOwners else { return [] }
    let masks = TaskMasks(tensors)
    var used = Set(masks.masked.flatMap(masks.masks(of:)).map { tensors[$0].spec.name })
    used.formUnion(partition.ownerMaps.map { tensors[$0].spec.name })
    let shapes = Set(tensors.filter { ![.u8, .bool].contains($0.spec.dtype) }.map(\.spec.shape))
    let unused = tensors.map(\.spec).filter {
      [.u8, .bool].contains($0.dtype) && $0.shape.count >= 2 && shapes.contains($0.shape)
        && !used.contains($0.name)
    }
    if unused.isEmpty { return [] }
    let sentence =
      unused.count == 1
      ? "1 byte tensor with the shape of another tensor is not used as a map or mask"
      : "\(unused.count) byte tensors with the shape of other tensors are not used as maps or masks"
    return ["note: \(sentence): " + PlanRequest.shortened(unused.map(\.name.quoted))]
  }

  private var isOfOwners: Bool { if case .owners = units { true } else { false } }
}
