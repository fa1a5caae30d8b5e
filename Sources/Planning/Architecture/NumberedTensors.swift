internal import Tensors
internal import UnitModel

/// Tensors whose names contain the number of a channel: of an expert, or of a layer.
struct NumberedTensors {
  /// The numbers of each axis, ascending: those of the whole model, and those that the sub-network keeps.
  private(set) var axes: [String: (whole: [Int], kept: [Int])] = [:]
  /// The tensors of numbers that are not kept.
  private(set) var missing: Set<TensorName> = []
  private let patterns: [NamePattern]
  private let axis: String

  /// - Parameters:
  ///   - patterns: the ends of names; the last `{}` is the number.
  ///   - axis: the name of the axis, with a `{}` for each earlier one.
  init(
    _ patterns: [String], of axis: String, under prefix: String, _ specs: [TensorSpec],
    _ extents: LayerExtents
  ) throws(PlanningError) {
    self.patterns = patterns.compactMap { NamePattern(prefix + $0) }
    self.axis = axis
    var kept: [String: Set<Int>] = [:]
    var gone: [String: Set<Int>] = [:]
    for spec in specs {
      guard !extents.isExplained(spec.name), let (axis, number, _) = place(of: spec.name) else { continue }
      if extents.has(spec.name) {
        kept[axis, default: []].insert(number)
      } else {
        gone[axis, default: []].insert(number)
        missing.insert(spec.name)
      }
    }
    for name in Set(kept.keys).union(gone.keys).sorted() {
      let (there, lost) = (kept[name] ?? [], gone[name] ?? [])
      if let torn = there.intersection(lost).min() {
        throw .notLoadable("number \(torn) of '\(name)' keeps some of its tensors and loses others")
      }
      axes[name] = (there.union(lost).sorted(), there.sorted())
    }
  }

  /// The axis and the number in a name, and the function that writes the name with another number.
  private func place(of name: TensorName) -> (axis: String, number: Int, renamed: (Int) -> TensorName?)? {
    for pattern in patterns {
      guard let captures = pattern.match(name.text), let last = captures.components.last,
        let number = Int(last), "\(number)" == last
      else { continue }
      var axis = axis
      for capture in captures.components.dropLast() {
        axis = axis.replacing("{}", with: capture, maxReplacements: 1)
      }
      return (
        axis, number,
        { number in
          var captures = captures
          captures.components[captures.components.count - 1] = "\(number)"
          return pattern.filled(with: captures).map { TensorName($0) }
        }
      )
    }
    return nil
  }

  /// The name with the number that the tensor has in the sub-network.
  func renamed(_ name: TensorName) -> TensorName {
    guard let (axis, number, renamed) = place(of: name), let (whole, kept) = axes[axis], whole != kept,
      let place = kept.firstIndex(of: number)
    else { return name }
    return renamed(place) ?? name
  }

  /// Checks that the other tensors on the axes keep the positions of the same numbers: rows of a router.
  func require(
    _ group: Architecture.Group, _ prefix: String, _ names: TensorNames,
    _ cuts: [TensorName: [DimensionCut?]],
    _ isActive: (DimensionPart) -> Bool, _ extents: LayerExtents
  ) throws(PlanningError) {
    for (suffix, text) in group.tensors {
      guard let pattern = NamePattern(prefix + suffix) else { continue }
      let items = text.split(separator: ",", omittingEmptySubsequences: false)
      guard let place = items.firstIndex(where: { $0 != "-" }) else { continue }
      for spec in names.all(prefix + suffix) where extents.has(spec.name) {
        let axis = group.axis(pattern.match(spec.name.text)?.components ?? [])
        guard let (whole, kept) = axes[axis], spec.shape.indices.contains(place) else { continue }
        let extent = spec.shape[place]
        guard whole == Array(0..<whole.count), extent % whole.count == 0 else {
          throw .notLoadable(
            "tensor \(spec.name.quoted) has \(extent) rows or columns for the \(whole.count) numbers of '\(axis)'"
          )
        }
        let cut = cuts[spec.name].flatMap { $0.indices.contains(place) ? $0[place] : nil }
        let found = cut?.activePositions(isActive) ?? Array(0..<extent)
        let width = extent / whole.count
        guard found == kept.flatMap({ Array($0 * width..<($0 + 1) * width) }) else {
          throw .notLoadable("tensor \(spec.name.quoted) keeps other numbers than the tensors of '\(axis)'")
        }
      }
    }
  }
}

extension DimensionCut {
  /// The positions of the parts for which `isActive` returns true, ascending.
  func activePositions(_ isActive: (DimensionPart) -> Bool) -> [Int] {
    let active = parts.map(isActive)
    var positions: [Int] = []
    var start = 0
    for segment in segments {
      if active[segment.part] { positions += start..<start + segment.length }
      start += segment.length
    }
    return positions
  }
}

extension Architecture.Experts {
  /// Checks that the router of the sub-network can still choose.
  ///
  /// A router with groups scores each by its best two experts.
  func require(
    _ scale: KeptShare, _ group: Architecture.Group, _ names: TensorNames, _ prefix: String,
    _ cuts: [TensorName: [DimensionCut?]], _ isActive: (DimensionPart) -> Bool, _ sizes: ModelSizes,
    _ type: String
  ) throws(PlanningError) {
    guard let count = scale.channels, !scale.isOne else { return }
    guard let needed = sizes[perTokenKey, in: group.object] else {
      throw .notLoadable("expected \(perTokenKey) in config.json, and loaders take a default")
    }
    if let groupCountKey, needsGroups.contains(type), sizes[groupCountKey, in: group.object] == nil {
      throw .notLoadable("expected \(groupCountKey) in config.json, and loaders take a default")
    }
    if count < needed {
      throw .notLoadable(
        "\(perTokenKey) is \(needed), so a router cannot choose from \(count) experts in a layer")
    }
    guard let groups = groupCountKey.flatMap({ sizes[$0, in: group.object] }), groups > 1 else { return }
    let chosen = groupsPerTokenKey.flatMap { sizes[$0, in: group.object] } ?? groups
    guard (1...groups).contains(chosen) else {
      throw .notLoadable("\(groupsPerTokenKey ?? ""): expected 1 to \(groups), found \(chosen)")
    }
    for (suffix, text) in group.tensors {
      guard let place = text.split(separator: ",").firstIndex(where: { $0 != "-" }) else { continue }
      for spec in names.all(prefix + suffix) {
        guard spec.shape.indices.contains(place), spec.shape[place] >= groups,
          let cuts = cuts[spec.name], cuts.indices.contains(place), let cut = cuts[place]
        else { continue }
        var counts = [Int](repeating: 0, count: groups)
        for row in cut.activePositions(isActive) {
          counts[min(row / (spec.shape[place] / groups), groups - 1)] += 1
        }
        guard counts.allSatisfy({ $0 == counts[0] }) else {
          throw .notLoadable(
            "the router divides the experts into \(groups) equal groups, but tensor \(spec.name.quoted) keeps "
              + counts.map(String.init).joined(separator: ", ") + " of them")
        }
        let needed = max(2, ((sizes[perTokenKey, in: group.object] ?? 1) + chosen - 1) / chosen)
        guard counts[0] >= needed else {
          throw .notLoadable(
            "the router needs at least \(needed) experts in each of its \(groups) groups, found \(counts[0])")
        }
      }
    }
  }
}
